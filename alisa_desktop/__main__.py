"""The program's door: the model's runner behind a hidden argument, else the command line. Imports stay light."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alisa_desktop.options import Options


def main() -> int:
    """Run the program; returns its exit code."""
    if sys.argv[1:2] == ["--runner"]:
        return _run_model()
    from alisa_desktop import cli

    return cli.main(sys.argv[1:], _start_app)


def _run_model() -> int:
    from alisa_desktop.host.process import die_with_parent

    die_with_parent()
    from alisa_desktop.model import runner

    return runner.main()


def _start_app(options: Options) -> int:
    from alisa_desktop import start

    return start.run(options)


if __name__ == "__main__":
    sys.exit(main())
