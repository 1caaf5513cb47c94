"""The program's door: runner, eyes and self-test behind hidden arguments, else the command line. Imports stay light."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alisa_desktop.options import Options


ALLOCATIONS = 50_000
"""Objects made before Python looks for garbage among them (its own figure is some hundreds). Nothing that is imported
is garbage, and looking took a quarter of the start."""


def main() -> int:
    """Run the program; returns its exit code."""
    gc.set_threshold(ALLOCATIONS)
    try:
        return _run()
    finally:
        gc.freeze()  # the end of the process frees everything: looking for garbage first took a tenth of a second


def _run() -> int:
    if sys.argv[1:2] == ["--runner"]:
        return _run_model()
    if sys.argv[1:2] == ["--eyes"]:
        return _run_eyes()
    if sys.argv[1:2] == ["--speed"]:
        return _run_speed()
    if sys.argv[1:2] == ["--desktop"]:
        return _tell_desktop()
    if sys.argv[1:2] == ["--self-test"]:
        return _test_myself()
    from alisa_desktop import cli

    return cli.main(sys.argv[1:], _start_app, _tell)


def _run_model() -> int:
    from alisa_desktop.host.process import die_with_parent

    die_with_parent()
    from alisa_desktop.model import runner

    return runner.main()


def _run_eyes() -> int:
    from alisa_desktop.host.process import die_with_parent

    die_with_parent()
    from alisa_desktop.vision import looker

    return looker.main()


def _run_speed() -> int:
    from alisa_desktop.host.process import die_with_parent

    die_with_parent()
    from alisa_desktop.model import speed

    return speed.main(sys.argv[2:])


def _test_myself() -> int:
    from alisa_desktop import selftest

    return selftest.main(sys.argv[2:])


def _tell_desktop() -> int:
    from alisa_desktop.host.process import die_with_parent

    die_with_parent()
    from alisa_desktop.host.display import prefer_free_placement

    prefer_free_placement()
    from alisa_desktop.ui import desktop_facts

    return desktop_facts.main()


def _start_app(options: Options) -> int:
    from alisa_desktop import start

    return start.run(options)


def _tell(sentence: str) -> None:
    from alisa_desktop import start

    start.tell(sentence)


if __name__ == "__main__":
    sys.exit(main())
