"""The models there are: offered ones and how they suit this machine, downloads, files that are here, and servers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alisa_desktop.core.brains import Brain, Fetch, FetchState, Fit, FoundServer, Offer
from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig
from alisa_desktop.core.events import BrainsChanged, Event, FetchesChanged, NoticeRaised
from alisa_desktop.host.child import child_command
from alisa_desktop.host.hardware import Hardware, look, threads_for
from alisa_desktop.host.paths import Paths
from alisa_desktop.model import fit
from alisa_desktop.model.disk import in_thread
from alisa_desktop.model.fit import Candidate
from alisa_desktop.model.shelf import Shelf
from alisa_desktop.model.speed import SpeedList, measure

if TYPE_CHECKING:
    from alisa_desktop.model.catalog import CatalogModel
    from alisa_desktop.model.downloads import Downloads
    from alisa_desktop.model.hub import Wanted

EYES = 800_000_000
"""About how many bytes a vision projector has."""
CONTEXT = 4096
"""Tokens of context that memory is counted for."""
PIECE = 8 << 20
NOT_OFFERED = "I don't know a model of the name “{name}”. See which ones there are, and choose one of those."
DAMAGED = "{name} is not the file it has to be: it was changed or damaged. Fetch {title} again."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What a look into a model's files showed: all of their bytes, or no more than the header of a file that nobody
    has told the checksum of. `trouble` is a sentence, empty where all is well."""

    brain: Brain
    whole: bool
    trouble: str


class Library:
    """Everything that could be thought with. On the loop's thread; what reads the disk does so in worker threads.

    `use` is called with the file of a model that she should think with now, `spawn` runs work as a task of the engine,
    `publish` tells everybody. `resumes` tells whether downloads that were broken off go on by themselves.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        use: Callable[[Path], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        publish: Callable[[Event], None],
        resumes: bool = True,
    ) -> None:
        self.machine = ""
        """This machine in one line, once it was looked at."""
        self._paths = paths
        self._use = use
        self._spawn = spawn
        self._publish = publish
        self._fetches: dict[str, Fetch] = {}
        self._resumes = resumes
        self._opening: asyncio.Task[None] | None = None
        self._opened: Downloads | None = None
        self._closing = threading.Event()

    @property
    def fetches(self) -> tuple[Fetch, ...]:
        """The downloads of this session, those that were cancelled left out."""
        return tuple(self._fetches.values())

    async def open(self) -> None:
        """Read the lists, and go on with downloads that were broken off; everything else here does that first."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="library")
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        await asyncio.to_thread(self._read)
        self._opened = self._make_downloads()
        for sentence in filter(None, (self._catalog.notice, self._pins.notice)):
            self._publish(NoticeRaised(sentence))
        for model in self._catalog.models if self._resumes else ():
            if await asyncio.to_thread(_was_begun, self._paths.models / model.id):
                download = self._downloads.start(model)
                if self._paused(model.id).exists():
                    download.pause()

    def _read(self) -> None:
        from alisa_desktop.model.catalog import Catalog  # httpx takes its time: not before somebody wants models
        from alisa_desktop.model.downloads import Downloads
        from alisa_desktop.model.hub import Pins

        models = self._paths.resources / "models"
        self._catalog = Catalog.load(models / "catalog.json", self._paths.models / "catalog.json")
        self._pins = Pins(self._paths.models / "pins.json")
        self._make_downloads = partial(Downloads, self._paths.models, self._pins, self._fetched)
        self._speeds = SpeedList(self._paths.speeds)
        self._shelf = self._make_shelf()

    def _make_shelf(self) -> Shelf:
        return Shelf(self._paths.models, ids=[model.id for model in self._catalog.models], context_tokens=CONTEXT)

    @property
    def _downloads(self) -> Downloads:
        assert self._opened, "only when it is open"
        return self._opened

    async def close(self) -> None:
        """Stop whatever takes time: searches, measuring, downloads; what is here of those stays for the next time."""
        self._closing.set()
        if self._opening:
            await asyncio.wait([self._opening])
        if self._opened:
            await self._opened.close()

    # what is offered

    async def offers(self) -> tuple[Offer, ...]:
        """The catalog as it suits this machine, recommended ones first, then the smaller ones.

        The first time it takes two seconds to measure the machine.
        """
        await self.open()
        hardware = await asyncio.to_thread(look, self._paths.models)
        self.machine = str(hardware)
        rate = await asyncio.to_thread(self._rate, hardware)
        here = {brain.id for brain in await self.brains() if not brain.trouble}
        candidates = {model.id: self._candidate(model, model.id in here) for model in self._catalog.models}
        best = [one.id for one in fit.recommend(candidates.values(), hardware, rate)]
        others = tuple(candidates[one].title for one in best)
        offers = [self._offer(model, candidates[model.id], hardware, rate, others) for model in self._catalog.models]
        marked = [replace(offer, recommended=offer.id in best) for offer in offers]
        return tuple(sorted(marked, key=lambda one: (_place(one.id, best), one.fit is Fit.TOO_BIG, one.bytes)))

    def _rate(self, hardware: Hardware) -> float:
        threads, processor = threads_for(hardware), hardware.processor.name
        known = self._speeds.find(processor, threads)
        if known is None:
            known = measure(child_command("--speed"), threads, self._paths.resources, self._closing)
            if known and not hardware.busy:  # else it tells more of the other programs than of the machine
                self._speeds.keep(processor, threads, known)
        return known or 0.0

    def _candidate(self, model: CatalogModel, installed: bool) -> Candidate:
        size = self._pins.size(model) or _about(model)
        return Candidate(
            model.id,
            model.title,
            file_bytes=size,
            memory_bytes=model.memory_bytes or fit.memory_of_size(size, CONTEXT),
            active_bytes=fit.size_by_name(model.parameters, model.quantization) or size,
            sees=model.sees,
            recurrent=not model.recommendable,
            full_attention=model.attention == "full",
            installed=installed,
        )

    def _offer(
        self, model: CatalogModel, one: Candidate, hardware: Hardware, rate: float, others: tuple[str, ...]
    ) -> Offer:
        return Offer(
            id=model.id,
            title=model.title,
            good_at=model.good_at,
            licence=model.licence,
            licence_url=model.licence_url,
            bytes=one.file_bytes,
            memory_bytes=one.memory_bytes,
            sees=model.sees,
            context_tokens=model.context_tokens,
            pinned=self._pins.known(model),
            fit=fit.fit(one.memory_bytes, hardware),
            why=fit.why(one.memory_bytes, hardware, title=model.title, others=_without(others, model.title)),
            tokens_per_second=fit.tokens_per_second(one.active_bytes, rate),
            installed=one.installed,
        )

    async def refresh(self, url: str) -> int:
        """Fetch a newer list of what is offered; returns the version of the list that counts now.

        Raises `CatalogFailed`, and the list stays as it is.
        """
        from alisa_desktop.model.catalog import refresh

        await self.open()
        self._catalog = await refresh(url, self._paths.models / "catalog.json", self._catalog)
        self._shelf = self._make_shelf()
        return self._catalog.version

    # fetching

    async def fetch(self, model: str) -> None:
        """Begin to fetch a model of the catalog, or go on with it; raises `ModelMissing` for an unknown one."""
        await self.open()
        offered = self._offered(model)
        await asyncio.to_thread(self._paused(model).unlink, missing_ok=True)
        self._downloads.start(offered)

    async def pause(self, model: str) -> None:
        """Let its download rest, also after a restart, until it is fetched again."""
        await self.open()
        if download := self._downloads.find(model):
            download.pause()
            with suppress(OSError):  # then it goes on by itself at the next start
                await asyncio.to_thread(self._paused(model).touch)

    async def cancel(self, model: str) -> None:
        """Stop its download and remove what is here of it."""
        await self.open()
        offered = self._offered(model)
        await asyncio.to_thread(self._paused(model).unlink, missing_ok=True)
        self._downloads.cancel(offered)

    async def was_begun(self, model: str) -> bool:
        """Whether a part of that model of the catalog is here."""
        await self.open()
        known = self._catalog.find(model)
        return known is not None and await asyncio.to_thread(_was_begun, self._paths.models / known.id)

    def _paused(self, model: str) -> Path:
        """The file that says that the user let the download of this model rest."""
        return self._paths.models / f".{model}.paused"

    def _offered(self, name: str) -> CatalogModel:
        if (found := self._catalog.find(name)) is None:
            raise ModelMissing(NOT_OFFERED.format(name=name[:60]))
        return found

    def _fetched(self, fetch: Fetch) -> None:
        self._fetches[fetch.id] = fetch
        if fetch.state is FetchState.CANCELLED:
            del self._fetches[fetch.id]
        self._publish(FetchesChanged(self.fetches))
        if fetch.state is FetchState.DONE:
            self._spawn(self._arrive(fetch.id))

    async def _arrive(self, model: str) -> None:
        self._publish(BrainsChanged())
        await self.use(model)

    # what is here

    async def brains(self) -> tuple[Brain, ...]:
        """The models that were fetched, called as they were offered, and those the user pointed at."""
        await self.open()
        return tuple(map(self._named, await asyncio.to_thread(self._shelf.brains)))

    def _named(self, brain: Brain) -> Brain:
        model = None if brain.linked else self._catalog.find(brain.id)
        return replace(brain, title=model.title, licence=brain.licence or model.licence) if model else brain

    async def elsewhere(self) -> tuple[Brain, ...]:
        """The models that other programs have on this machine; takes seconds."""
        await self.open()
        return await asyncio.to_thread(self._shelf.elsewhere, self._closing.is_set)

    async def add(self, path: Path) -> Brain:
        """Know a file of the user's from now on, where it lies. Raises `ModelMissing`, `ModelBroken`, `ShelfFailed`."""
        await self.open()
        brain = await asyncio.to_thread(self._shelf.add_link, path)
        self._publish(BrainsChanged())
        return brain

    async def use(self, name: str) -> None:
        """Think with the model of this id.

        Raises `ModelMissing`, `ModelBroken`, and `ModelTooBig` where there is no hope.
        """
        brain = await self.find(name)
        if brain.trouble:
            raise ModelBroken(brain.trouble)
        hardware = await asyncio.to_thread(look, self._paths.models)
        if fit.fit(brain.memory_bytes, hardware) is Fit.TOO_BIG:
            suit = [one.title for one in await self.offers() if one.recommended]
            others = _without(suit, brain.title)
            raise ModelTooBig(fit.why(brain.memory_bytes, hardware, title=brain.title, others=others))
        if brain.linked and brain.path not in [one.path for one in await self.brains()]:
            await self.add(brain.path)
        self._use(brain.path)

    async def remove(self, name: str) -> Brain:
        """Delete a model of ours, or forget one of the user's; raises `ModelMissing` and `ShelfFailed`."""
        brain = await self.find(name)
        await asyncio.to_thread(self._shelf.remove, brain)
        self._publish(BrainsChanged())
        return brain

    async def find(self, name: str) -> Brain:
        """The model of this id, here or in other programs; raises `ModelMissing`."""
        for look_for in (self.brains, self.elsewhere):
            if found := next((one for one in await look_for() if one.id == name), None):
                return found
        raise ModelMissing(NOT_OFFERED.format(name=name[:60]))

    async def verify(self, name: str, tell: Callable[[int, int], None] = lambda done, total: None) -> Check:
        """Read the files of a model and compare them with what they have to be; raises `ModelMissing`.

        `tell` hears how many bytes of how many have been read.
        """
        brain = await self.find(name)
        model = self._catalog.find(brain.id)
        if model is None or brain.linked or not self._pins.size(model):
            return Check(brain, False, brain.trouble)
        files = await self._wanted(model)
        done, total = 0, sum(one.bytes for one in files)
        for one in files:
            path = self._paths.models / model.id / one.name
            if not await _is_right(path, one, partial(lambda before, now: tell(before + now, total), done)):
                return Check(brain, True, DAMAGED.format(name=one.name, title=brain.title))
            done += one.bytes
        return Check(brain, True, brain.trouble)

    async def _wanted(self, model: CatalogModel) -> tuple[Wanted, ...]:
        """What its files have to be, which is known: nobody is asked."""
        from alisa_desktop.model.hub import DEFAULT_ENDPOINT, Hub
        from alisa_desktop.model.web import Web

        return await self._pins.settle(model, Hub(Web(DEFAULT_ENDPOINT), DEFAULT_ENDPOINT))

    async def servers(self) -> tuple[FoundServer, ...]:
        """The servers of models that run on this machine."""
        from alisa_desktop.model.servers import find_servers

        return await find_servers()


def _about(model: CatalogModel) -> int:
    """About how many bytes a model has whose files nobody has told of yet."""
    return fit.size_by_name(model.parameters, model.quantization) + (EYES if model.sees else 0)


def _was_begun(folder: Path) -> bool:
    return any(folder.glob("*.part")) if folder.is_dir() else False


def _place(model: str, best: list[str]) -> int:
    return best.index(model) if model in best else len(best)


def _without(titles: Sequence[str], title: str) -> tuple[str, ...]:
    return tuple(one for one in titles if one != title)


async def _is_right(path: Path, wanted: Wanted, tell: Callable[[int], None]) -> bool:
    """Whether a file is what it has to be; one that can't be read is not."""
    digest, done = hashlib.sha256(), 0
    try:
        with await in_thread(path.open, "rb") as file:
            while data := await in_thread(file.read, PIECE):
                await in_thread(digest.update, data)
                done += len(data)
                tell(done)
    except OSError as error:
        log.warning("%s can't be read: %s", path.name, error.strerror)
        return False
    return (done, digest.hexdigest()) == (wanted.bytes, wanted.sha256)
