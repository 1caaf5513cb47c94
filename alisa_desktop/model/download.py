"""Fetching a model: resumed after any break, checked before it counts, and never half there.

All files of a model are fetched and checked as parts first; only then do they get their names, together.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import Enum, auto
from pathlib import Path
from typing import ParamSpec, TypeVar

from alisa_desktop.core.brains import Fetch, FetchState
from alisa_desktop.core.errors import SOMETHING_BROKE, AlreadyRunning, DownloadFailed
from alisa_desktop.host.single import only_instance
from alisa_desktop.model.catalog import CatalogModel
from alisa_desktop.model.disk import in_thread, inside, size_text
from alisa_desktop.model.hub import Hub, Pins, hub_endpoint
from alisa_desktop.model.part import Part, remove_parts
from alisa_desktop.model.patience import Means, Patience, persist
from alisa_desktop.model.progress import Progress
from alisa_desktop.model.transfer import receive
from alisa_desktop.model.web import Web

P = ParamSpec("P")
T = TypeVar("T")
SPARE = 2_000_000_000
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class _Wish(Enum):
    RUN = auto()
    PAUSE = auto()
    CANCEL = auto()


class Download:
    """The download of one model into `folder/{model.id}`; `folder` is that of all models.

    `on_change` gets a `Fetch` at each change of state and at most four times a second while bytes come. Everything
    but work on files happens on the loop's thread. `endpoint` is the address of the hub, else that of the
    environment.
    """

    def __init__(
        self,
        model: CatalogModel,
        folder: Path,
        pins: Pins,
        on_change: Callable[[Fetch], None],
        *,
        endpoint: str = "",
        patience: Patience | None = None,
        means: Means | None = None,
    ) -> None:
        self.model = model
        self._folder = folder
        self._pins = pins
        self._endpoint = endpoint or hub_endpoint(os.environ)
        self._patience = patience or Patience()
        self._means = means or Means()
        self._progress = Progress(model.id, model.title, on_change, self._means.clock)
        self._wish = _Wish.RUN
        self._wished = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._parts: list[Part] = []
        self._finished = False

    @property
    def state(self) -> Fetch:
        """How it does, as last told."""
        return self._progress.last

    async def run(self) -> Fetch:
        """Fetch the model and return how it ended: done, failed (with a sentence) or cancelled.

        It may be run again then, one run at a time, and goes on where it stopped, also after a restart of the
        program. When the task itself is cancelled, what is here so far stays for the next time. Raises only what is a
        bug of ours.
        """
        self._finished = False
        try:
            while True:
                if ended := await self._go_on():
                    return ended
        finally:
            self._wish = _Wish.RUN

    def pause(self) -> None:
        """Stop, and keep what is here until `resume`; before `run`, it begins with a pause."""
        self._want(_Wish.PAUSE)

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._wish is _Wish.PAUSE:
            self._wish = _Wish.RUN
            self._wished.set()

    def cancel(self) -> None:
        """Stop and remove what is here of it; before `run`, that removes what an earlier one left."""
        self._want(_Wish.CANCEL)

    def _want(self, wish: _Wish) -> None:
        if self._wish is not _Wish.CANCEL:
            self._wish = wish
            self._wished.set()
            if self._work:
                self._work.cancel()

    async def _go_on(self) -> Fetch | None:
        self._wished.clear()
        if self._wish is _Wish.CANCEL:
            return await self._give_up()
        if self._wish is _Wish.PAUSE:
            self._progress.state(FetchState.PAUSED)
            await self._wished.wait()
            return None
        return await self._try()

    async def _try(self) -> Fetch | None:
        """Work until it ends or something else is wished; None in the latter case."""
        work = self._work = asyncio.create_task(self._fetch(), name=f"fetching {self.model.id}")
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # looked at: whoever cancels no longer wants to know
            raise
        finally:
            self._work = None
        if self._finished:
            return self._progress.state(FetchState.DONE)
        if work.cancelled():
            return None
        error = work.exception()
        if isinstance(error, DownloadFailed):
            return self._progress.state(FetchState.FAILED, error.sentence)
        self._progress.state(FetchState.FAILED, SOMETHING_BROKE)
        raise error or RuntimeError("a download ended without an end")

    async def _give_up(self) -> Fetch:
        names = [file.name for file in self.model.files]
        try:
            async with AsyncExitStack() as stack:
                await self._lock(stack)
                await self._on_disk(remove_parts, self._folder, self.model.id, names)
        except DownloadFailed as error:
            return self._progress.state(FetchState.FAILED, error.sentence)
        self._progress.at(0, self._total)
        return self._progress.state(FetchState.CANCELLED)

    # The way of the files

    async def _fetch(self) -> None:
        self._progress.state(FetchState.WAITING)
        async with AsyncExitStack() as stack:
            await self._lock(stack)
            web = Web(self._endpoint, silence=self._patience.silence, connect=self._patience.connect)
            hub = Hub(await stack.enter_async_context(web), self._endpoint)
            wanted = await self._persist(lambda: self._pins.settle(self.model, hub))
            self._parts = [self._means.part(self._folder, self.model.id, one) for one in wanted]
            for part in self._parts:
                stack.callback(part.close)
                await self._on_disk(part.begin)
            await self._check_room()
            for part in self._parts:
                await self._fill(part, web)
            await self._on_disk(self._finish)

    async def _lock(self, stack: AsyncExitStack) -> None:
        """Let two downloads of the same model, also of two programs, never write into the same part."""
        lock = await self._on_disk(inside, self._folder, f".{self.model.id}.lock")
        try:
            stack.enter_context(only_instance(lock))
        except AlreadyRunning as error:
            raise DownloadFailed(f"{self.model.title} is being fetched already. Wait until that has ended.") from error

    async def _check_room(self) -> None:
        missing = self._total - sum(part.there for part in self._parts)
        free = await self._on_disk(self._means.free, self._folder)
        needed = int(missing * 1.1) + SPARE
        if missing and free < needed:
            raise DownloadFailed(
                f"{self.model.title} needs {size_text(needed)} of free disk space (2 GB of it to spare), and only "
                f"{size_text(free)} are free in {self._folder}. Make room there, or choose a smaller model."
            )

    async def _fill(self, part: Part, web: Web) -> None:
        await self._take_stock(part)
        while not part.full:
            await self._persist(lambda: self._receive(web, part))
        self._progress.state(FetchState.CHECKING)
        if not await self._on_disk(part.check):
            await self._on_disk(part.remove)
            raise DownloadFailed(
                f"What came as {part.wanted.name} is not the file it has to be (its checksum is another), so I "
                "deleted it. Try again; if it happens once more, choose another model."
            )

    async def _take_stock(self, part: Part) -> None:
        if part.there:
            self._progress.state(FetchState.CHECKING)
        while await self._on_disk(part.hash_more):
            self._tell_bytes()

    async def _receive(self, web: Web, part: Part) -> None:
        try:
            async with self._progress.running():
                await receive(web, part, self._tell_bytes, self._means.clock)
        except OSError as error:
            raise self._disk_words(error) from error

    def _finish(self) -> None:
        for part in self._parts:
            part.finish()
        self._finished = True

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        def stalled(sentence: str) -> None:
            self._progress.state(FetchState.STALLED, sentence)

        return await persist(attempt, lambda: self._done, stalled, self._patience, self._means)

    async def _on_disk(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await in_thread(function, *args, **kwargs)
        except OSError as error:
            raise self._disk_words(error) from error

    def _disk_words(self, error: OSError) -> DownloadFailed:
        if error.errno not in _FULL:
            return DownloadFailed(
                f"I can't work in {self._folder} ({error.strerror or 'an unknown failure'}). Allow it, or choose "
                "another folder for models."
            )
        return DownloadFailed(
            f"The disk is full: {size_text(self._total - self._done)} of {self.model.title} are still missing. "
            f"What is here is kept; make room in {self._folder} and try again."
        )

    @property
    def _done(self) -> int:
        return sum(part.done for part in self._parts)

    @property
    def _total(self) -> int:
        return sum(part.wanted.bytes for part in self._parts)

    def _tell_bytes(self) -> None:
        self._progress.at(self._done, self._total)
