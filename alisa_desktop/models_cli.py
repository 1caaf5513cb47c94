"""The commands of `alisa-desktop models`: what is offered, what is here, downloads, and what she thinks with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from alisa_desktop.core.log import start_logging
from alisa_desktop.host.paths import Paths

Command = TypeVar("Command", bound=Callable[..., Any])
Work = Callable[[Paths], Coroutine[Any, Any, int]]


@click.group()
def models() -> None:
    """See, fetch and choose the models she can think with. In all of these, NAME is what `list` calls them."""


def _common(command: Command) -> Command:
    """Give a command the options that all here have."""
    folder = click.Path(path_type=Path)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON; progress goes to standard error."),
        click.option("--profile", type=folder, metavar="DIR", help="Keep settings and models in this folder."),
    ):
        command = option(command)
    return command


def _run(context: click.Context, profile: Path | None, work: Work) -> int:
    """Do `work` in the profile that was named here, or before the command."""
    from alisa_desktop import errands

    paths = Paths.of(profile or context.obj.profile)
    start_logging(paths.logs)
    return errands.run(work(paths))


def _sure(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True, err=True)


@models.command("list")
@_common
@click.pass_context
def list_models(context: click.Context, /, profile: Path | None, as_json: bool) -> int:
    """Show what is offered and how it suits this machine, and what is here."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.list_models(paths, as_json))


@models.command("search-local")
@_common
@click.pass_context
def search_local(context: click.Context, /, profile: Path | None, as_json: bool) -> int:
    """Look for models that other programs have on this machine; `use` takes them where they are."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.search_local(paths, as_json))


@models.command()
@click.argument("name")
@click.option("--use", "then_use", is_flag=True, help="Think with it from then on.")
@_common
@click.pass_context
def download(context: click.Context, /, name: str, then_use: bool, profile: Path | None, as_json: bool) -> int:
    """Fetch the model NAME, or go on where that was broken off. Ctrl-C keeps what is here."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.download(paths, name, then_use, as_json))


@models.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_common
@click.pass_context
def import_file(context: click.Context, /, file: Path, profile: Path | None, as_json: bool) -> int:
    """Know the GGUF file FILE of yours from now on. It stays where it is and is not copied."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.import_file(paths, file, as_json))


@models.command()
@click.argument("name")
@_common
@click.pass_context
def use(context: click.Context, /, name: str, profile: Path | None, as_json: bool) -> int:
    """Let her think with NAME from the next start on; `starter` is what she comes with."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.use(paths, name, as_json))


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_common
@click.pass_context
def remove(context: click.Context, /, name: str, yes: bool, profile: Path | None, as_json: bool) -> int:
    """Delete NAME, or what is here of it. A file of your own, and of other programs, is only taken off the list."""
    from alisa_desktop import model_errands

    _sure(f"Remove {name}? What was downloaded is deleted; a file of your own stays where it is", yes)
    return _run(context, profile, lambda paths: model_errands.remove(paths, name, as_json))


@models.command()
@click.argument("name", required=False, default="")
@_common
@click.pass_context
def verify(context: click.Context, /, name: str, profile: Path | None, as_json: bool) -> int:
    """Check the files of NAME, or of all models that are here; exit code 3 where one can't be used."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.verify(paths, name, as_json))


@models.command()
@click.option(
    "--catalog", type=click.Path(path_type=Path), metavar="FILE", help="The list, instead of this checkout's."
)
@_common
@click.pass_context
def pin(context: click.Context, /, catalog: Path | None, profile: Path | None, as_json: bool) -> int:
    """For maintainers: ask the hub for sizes and checksums, and write them into the list that comes with her."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.pin(paths, catalog, as_json))


@models.command()
@click.argument("url")
@_common
@click.pass_context
def refresh(context: click.Context, /, url: str, profile: Path | None, as_json: bool) -> int:
    """Fetch a newer list of models from URL (https)."""
    from alisa_desktop import model_errands

    return _run(context, profile, lambda paths: model_errands.refresh(paths, url, as_json))
