"""The command line: the engine in a terminal. Errors are one sentence on standard error.

Exit codes: 0 done · 1 something else went wrong · 2 wrong arguments · 3 the model can't answer or be used · 4 the
memory can't be read or written · 5 no free port · 6 another Alisa runs with this profile · 7 the screen can't be seen ·
130 interrupted.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from alisa_desktop import __version__
from alisa_desktop.core.errors import AlisaError, SettingsFailed
from alisa_desktop.core.log import APP, COMMANDS, start_logging
from alisa_desktop.host.display import has_display
from alisa_desktop.host.paths import Paths
from alisa_desktop.models_cli import models
from alisa_desktop.options import Options

StartApp = Callable[[Options], int]
Tell = Callable[[str], None]
Command = TypeVar("Command", bound=Callable[..., Any])
INTERRUPTED = 130
BROKE = "Something went wrong on my side, and I had to stop."
NO_DISPLAY = "There is no display here, so I talk in this terminal. Write something; Ctrl-D ends."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """The options every command has."""

    start_app: StartApp
    tell: Tell
    profile: Path | None = None
    model: Path | None = None
    scripted: Path | None = None
    debug: bool = False

    @property
    def paths(self) -> Paths:
        """The places of the chosen profile."""
        return Paths.of(self.profile)

    def options(self, **more: Any) -> Options:
        """What the engine is asked for."""
        return Options(self.paths, self.model, self.scripted, **more)

    def log(self, name: str = APP) -> None:
        """Begin to write the log of this `name`."""
        start_logging(self.paths.logs, name, detailed=self.debug)


def main(arguments: Sequence[str], start_app: StartApp, tell: Tell) -> int:
    """Run the command line; returns the exit code.

    `start_app` opens the tray app with engine options. `tell` shows a sentence in a window, and returns when it is
    closed: that is for whoever starts her by a click, where no terminal shows why she does not come.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a console of another code page must not stop her
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    try:
        result = program.main(
            list(arguments), prog_name="alisa-desktop", standalone_mode=False, obj=Shared(start_app, tell)
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost boundary
        return _end(error)
    return int(result or 0)


def _end(error: Exception, tell: Tell = lambda sentence: None) -> int:
    """Say in one sentence why it ends like this; a bug goes to the log. Returns the exit code."""
    if isinstance(error, AlisaError):
        sentence, code = error.sentence, error.exit_code
    else:
        log.error("the program failed", exc_info=error)
        sentence, code = BROKE, 1
    click.echo(sentence, err=True)
    if sys.stderr is None or not sys.stderr.isatty():
        tell(sentence)
    return code


def _shared(command: Command) -> Command:
    """Give a command the options that all have; what stands nearer to the command's end wins."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--debug", is_flag=True, help="Keep a detailed log this time, also of what is said and seen."),
        click.option("--scripted", type=path, metavar="FILE", help="Answer from this script instead of a model."),
        click.option("--model", type=path, metavar="FILE", help="Think with this GGUF file, this time."),
        click.option("--profile", type=path, metavar="DIR", help="Keep settings and memory in this folder."),
    ):
        command = option(command)
    return command


def _merged(context: click.Context, given: dict[str, Any]) -> Shared:
    earlier: Shared = context.obj
    kept = {name: given.get(name) or getattr(earlier, name) for name in ("profile", "model", "scripted", "debug")}
    return Shared(earlier.start_app, earlier.tell, **kept)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@_shared
@click.option("--hidden", is_flag=True, help="Open in the tray only; a click there shows her.")
@click.version_option(__version__, prog_name="Alisa Desktop", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context, /, hidden: bool, **given: Any) -> int | None:
    """Alisa, a private companion on your own machine. Without a command she opens in the tray."""
    context.obj = shared = _merged(context, given)
    if context.invoked_subcommand:
        return None
    if has_display():
        return _open(shared, hidden)
    shared.log()
    click.echo(NO_DISPLAY)
    from alisa_desktop import errands

    return errands.run(errands.talk(shared.options()))


def _open(shared: Shared, hidden: bool) -> int:
    from alisa_desktop import doorbell

    def begin() -> int:
        shared.log()
        return shared.start_app(shared.options(hidden=hidden))

    try:
        return doorbell.start(shared.paths, hidden=hidden, begin=begin)
    except Exception as error:  # noqa: BLE001  # as in `main`
        return _end(error, shared.tell)


@program.command()
@click.argument("text")
@click.option("--mode", metavar="NAME", help="Answer in this mode, this once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: mode, emotion, text, tokens, seconds.")
@_shared
@click.pass_context
def say(context: click.Context, /, text: str, mode: str | None, as_json: bool, **given: Any) -> int:
    """Say TEXT and print her answer as it comes. She who runs with this profile answers, if there is one."""
    shared = _merged(context, given)
    shared.log(COMMANDS)
    if not (shared.model or shared.scripted):  # with a brain of its own it is no talk with her who runs
        from alisa_desktop import doorbell

        if (code := doorbell.say(shared.paths, text, mode or "", as_json)) is not None:
            return code
    options = shared.options(alone=False, endpoint=False, eyes=False, mode=mode)
    from alisa_desktop import errands

    return errands.run(errands.say(options, text, as_json))


@program.command(name="quit")
@click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(0),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long she may take.",
)
@_shared
@click.pass_context
def quit_her(context: click.Context, /, seconds: float, **given: Any) -> int:
    """Ask the Alisa who runs with this profile to quit, and wait until she has."""
    from alisa_desktop import doorbell

    return doorbell.leave(_merged(context, given).paths, seconds)


@program.command()
@_shared
@click.pass_context
def show(context: click.Context, /, **given: Any) -> int:
    """Bring the Alisa who runs with this profile forward."""
    from alisa_desktop import doorbell

    return doorbell.show(_merged(context, given).paths)


@program.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Listen here instead of where the settings say.")
@_shared
@click.pass_context
def serve(context: click.Context, /, port: int | None, **given: Any) -> int:
    """Run without windows and serve overlays; prints one line with the address when ready."""
    shared = _merged(context, given)
    shared.log()
    from alisa_desktop import errands

    return errands.run(errands.serve(shared.options(port=port)))


@program.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many turns, the latest ones.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@_shared
@click.pass_context
def history(context: click.Context, /, limit: int, as_json: bool, **given: Any) -> int:
    """Print what was said, oldest first."""
    from alisa_desktop import errands

    return errands.run(errands.history(_merged(context, given).paths, limit, as_json))


@program.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_shared
@click.pass_context
def look(context: click.Context, /, as_json: bool, **given: Any) -> int:
    """Look at the window in front once, now, and print what she would be told. Running this is your consent."""
    shared = _merged(context, given)
    shared.log(COMMANDS)
    from alisa_desktop import errands

    return errands.run(errands.look(shared.paths, as_json))


@program.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many looks, the latest ones.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@_shared
@click.pass_context
def ledger(context: click.Context, /, limit: int, as_json: bool, **given: Any) -> int:
    """Print what she saw of the screen and was told about it, oldest first."""
    from alisa_desktop import errands

    return errands.run(errands.ledger(_merged(context, given).paths, limit, as_json))


@program.command()
@click.option("--all", "everything", is_flag=True, required=True, help="Forget everything that was ever said.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_shared
@click.pass_context
def forget(context: click.Context, /, everything: bool, yes: bool, **given: Any) -> int:
    """Delete what was said from this machine, for good."""
    paths = _merged(context, given).paths
    if not yes:
        click.confirm("Forget everything that was ever said? This can't be undone", abort=True)
    from alisa_desktop import errands

    return errands.run(errands.forget(paths))


@program.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quick", is_flag=True, help="Leave out what reads large files: models byte by byte, the whole memory.")
@_shared
@click.pass_context
def doctor(context: click.Context, /, as_json: bool, quick: bool, **given: Any) -> int:
    """Look at everything she needs, and say what is good, bad or unknown and what to do. Changes nothing."""
    shared = _merged(context, given)
    start_logging(None)
    paths, homeless = None, ""
    try:
        paths = shared.paths
    except SettingsFailed as error:
        homeless = error.sentence
    from alisa_desktop import checkup_errand, errands

    return errands.run(checkup_errand.examine(paths, homeless, quick, as_json))


program.add_command(models)
