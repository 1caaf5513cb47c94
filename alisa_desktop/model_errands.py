"""What the commands of `alisa-desktop models` do, on a loop; imported only when one of them runs.

With JSON wanted, standard output gets that alone, at the end; progress and notices go to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from alisa_desktop.core.brains import Brain, Fetch, FetchState, Fit, Offer
from alisa_desktop.core.errors import AlreadyRunning, CatalogFailed, DownloadFailed, ModelMissing, ModelTooBig
from alisa_desktop.core.events import Event, FetchesChanged
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.single import only_instance
from alisa_desktop.library import Library
from alisa_desktop.model.disk import size_text
from alisa_desktop.model_words import (
    ProgressLine,
    brain_words,
    check_as_json,
    check_words,
    entry,
    finish,
    hear_end,
    offer_words,
    print_json,
    show_fetch,
    show_reading,
    tell_notice,
)
from alisa_desktop.settings.file import SettingsFile
from alisa_desktop.settings.schema import ModelSource, Settings

UNUSABLE = 3
STARTER = "starter"
PROGRAM = "alisa-desktop models"
RUNS = "I am running already. Choose my brain in my own window there (Settings, “Choose her brain”), or quit me first."
KEPT = "What is here of {title} is kept. To go on: {program} download {name}"
NOTHING_HERE = "There is no model to check here. Fetch one of those that `{program} list` shows, or import a file."
NOT_THE_STARTER = "My starter brain is a part of me, so it stays. Name another model."


async def list_models(paths: Paths, as_json: bool) -> int:
    """Print what is offered, what is here, and which one is the present one."""
    async with _opened(paths) as library:
        offers, brains = await library.offers(), await library.brains()
        present = _present(paths, brains)
    if as_json:
        said = {"machine": library.machine, "present": present}
        print_json(said | {"offers": [asdict(one) for one in offers], "brains": [asdict(one) for one in brains]})
        return 0
    click.echo(f"This machine: {library.machine}\n\nOffered:")
    for offer in offers:
        click.echo(offer_words(offer))
    click.echo("\nHere:")
    click.echo(entry(STARTER, "what she comes with", present))
    for brain in brains:
        click.echo(entry(brain.id, brain_words(brain), present))
    if present == "server":
        click.echo("* a server  (see Settings)")
    return 0


async def search_local(paths: Paths, as_json: bool) -> int:
    """Print the models of other programs."""
    async with _opened(paths) as library:
        found = await library.elsewhere()
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        click.echo(f"No other program that I know has models here. Fetch one of those that `{PROGRAM} list` shows.")
    for brain in () if as_json else found:
        click.echo(entry(brain.id, f"{brain_words(brain)}\n      {brain.path}", ""))
    return 0


async def download(paths: Paths, name: str, then_use: bool, as_json: bool) -> int:
    """Fetch a model to its end, and think with it where that is wanted."""
    with _alone(paths, wanted=then_use):
        pass  # better told before the download than after it
    ended: asyncio.Future[Fetch] = asyncio.get_running_loop().create_future()
    line = ProgressLine()

    def hear(event: Event) -> None:
        if isinstance(event, FetchesChanged):
            for fetch in event.fetches:
                show_fetch(line, ended, fetch)
        tell_notice(event)

    async with _opened(paths, hear) as library:
        offer = await _suitable(library, name, then_use)
        await library.fetch(name)
        try:
            fetch = await ended
        except asyncio.CancelledError:
            line.end()
            click.echo(KEPT.format(title=offer.title, program=PROGRAM, name=name), err=True)
            raise
        line.end()
        if fetch.state is FetchState.FAILED:
            raise DownloadFailed(fetch.sentence)
        if then_use:
            with _alone(paths):
                await library.use(name)
        brain = await library.find(name)
    told = f"{brain.title} is here ({size_text(brain.bytes)})."
    way = "She thinks with it from the next start on." if then_use else f"To think with it: {PROGRAM} use {name}"
    finish(as_json, asdict(brain) | {"present": then_use}, f"{told} {way}")
    return 0


async def import_file(paths: Paths, file: Path, as_json: bool) -> int:
    """Know a file of the user's, where it lies."""
    async with _opened(paths) as library:
        brain = await library.add(file)
    finish(as_json, asdict(brain), f"I know {brain.title} now. To think with it: {PROGRAM} use {brain.id}")
    return 0


async def use(paths: Paths, name: str, as_json: bool) -> int:
    """Think with a model from the next start on."""
    with _alone(paths):
        if name == STARTER:
            _think_with(paths, None)
            title = "her starter brain"
        else:
            async with _opened(paths) as library:
                title = (await library.find(name)).title
                await library.use(name)
    finish(as_json, {"present": name, "title": title}, f"From the next start on she thinks with {title}.")
    return 0


async def remove(paths: Paths, name: str, as_json: bool) -> int:
    """Delete a model or what is here of it, or forget a file of the user's; the present one is left first."""
    if name == STARTER:
        raise ModelMissing(NOT_THE_STARTER)
    with _alone(paths):
        dropped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with _opened(paths, partial(hear_end, dropped, name)) as library:
            brains = await library.brains()
            if name not in [brain.id for brain in brains] and await library.was_begun(name):
                await library.cancel(name)
                if trouble := await dropped:
                    raise DownloadFailed(trouble)
                finish(as_json, {"removed": name, "linked": False}, f"What was here of {name} is deleted.")
                return 0
            was_present = _present(paths, brains) == name
            if was_present:
                _think_with(paths, None)
            brain = await library.remove(name)
    told = f"{brain.title} is off the list; its file stays." if brain.linked else f"{brain.title} is deleted."
    way = " She goes back to her starter brain." if was_present else ""
    finish(as_json, {"removed": name, "linked": brain.linked}, told + way)
    return 0


async def verify(paths: Paths, name: str, as_json: bool) -> int:
    """Check the files of one model or of all that are here."""
    checks = []
    line = ProgressLine()
    async with _opened(paths) as library:
        names = [name] if name else [brain.id for brain in await library.brains()]
        for one in names:
            checks.append(await library.verify(one, partial(show_reading, line, one)))
            line.end()
            if not as_json:
                click.echo(check_words(checks[-1]))
    if as_json:
        print_json([check_as_json(check) for check in checks])
    elif not checks:
        click.echo(NOTHING_HERE.format(program=PROGRAM))
    return UNUSABLE if any(check.trouble for check in checks) else 0


async def pin(paths: Paths, catalog: Path | None, as_json: bool) -> int:
    """Fill sizes and checksums into the list of a checkout."""
    from alisa_desktop.model.hub import hub_endpoint, pin_catalog
    from alisa_desktop.model.web import Lost

    file = catalog or paths.resources / "models" / "catalog.json"
    try:
        pinned = await pin_catalog(file, hub_endpoint(os.environ))
    except Lost as error:
        raise CatalogFailed(f"{error} The list stays as it was; try again later.") from error
    except ValueError as error:
        raise CatalogFailed(f"{file} is no list of models. Name the one of a checkout with --catalog.") from error
    except OSError as error:
        raise CatalogFailed(
            f"I can't work on {file} ({error.strerror}). Name the list of a checkout with --catalog."
        ) from error
    listed = [model for model in json.loads(file.read_text(encoding="utf-8"))["models"] if model["id"] in pinned]
    if as_json:
        print_json({"catalog": file, "pinned": listed})
    elif not listed:
        click.echo("Everything is pinned already; nothing changed.")
    for model in () if as_json else listed:
        click.echo(f"{model['id']} at {model['revision']}")
        for one in model["files"]:
            click.echo(f"  {one['name']}  {one['bytes']} bytes  sha256 {one['sha256']}")
    return 0


async def refresh(paths: Paths, url: str, as_json: bool) -> int:
    """Fetch a newer list of models."""
    async with _opened(paths) as library:
        version = await library.refresh(url)
    finish(as_json, {"version": version}, f"The list of models is version {version} now.")
    return 0


# the library


@asynccontextmanager
async def _opened(paths: Paths, hear: Callable[[Event], None] | None = None) -> AsyncIterator[Library]:
    """The library of a profile; what was broken off stays so, and nothing that arrives is used by itself."""
    library = Library(
        paths,
        use=partial(_think_with, paths),
        spawn=lambda work: work.close(),
        publish=hear or tell_notice,
        resumes=False,
    )
    try:
        yield library
    finally:
        await library.close()


@contextmanager
def _alone(paths: Paths, *, wanted: bool = True) -> Iterator[None]:
    """Keep an Alisa out that runs with this profile, who has her own mind about what she thinks with."""
    with ExitStack() as stack:
        try:
            if wanted:
                stack.enter_context(only_instance(paths.lock))
        except AlreadyRunning as error:
            raise AlreadyRunning(RUNS) from error
        yield


async def _suitable(library: Library, name: str, then_use: bool) -> Offer:
    """The offer of that name, with a word about its fit; raises `ModelTooBig` where it is wanted for use and can't."""
    offers = {offer.id: offer for offer in await library.offers()}
    if name not in offers:
        raise ModelMissing(f"No model of the name “{name[:60]}” is offered. See `{PROGRAM} list`.")
    offer = offers[name]
    if then_use and offer.fit is Fit.TOO_BIG:
        raise ModelTooBig(offer.why)
    if offer.why:
        click.echo(offer.why, err=True)
    return offer


def _settings(paths: Paths) -> Settings:
    file = SettingsFile(paths.settings)
    settings = file.load()
    if file.notice:
        click.echo(file.notice, err=True)
    return settings


def _think_with(paths: Paths, model: Path | None) -> None:
    """Write into the settings what she thinks with, None for the starter brain; raises `SettingsFailed`."""
    changes = {"model_source": ModelSource.FILE, "model_file": str(model)}
    if model is None:
        changes = {"model_source": ModelSource.BUILTIN}
    SettingsFile(paths.settings).save(_settings(paths).model_copy(update=changes))


def _present(paths: Paths, brains: tuple[Brain, ...]) -> str:
    """The name of what the settings say she thinks with; empty for a file that is not on the list."""
    settings = _settings(paths)
    if settings.model_source is not ModelSource.FILE:
        return STARTER if settings.model_source is ModelSource.BUILTIN else "server"
    path = Path(settings.model_file)
    with suppress(RuntimeError):  # "~name" of nobody here
        path = path.expanduser()
    return next((brain.id for brain in brains if brain.path in (path, path.absolute())), "")
