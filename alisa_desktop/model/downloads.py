"""The downloads of all models: started once each, paused, cancelled, and ended with the program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alisa_desktop.core.brains import Fetch
from alisa_desktop.model.catalog import CatalogModel
from alisa_desktop.model.download import Download
from alisa_desktop.model.hub import Pins
from alisa_desktop.model.patience import Means, Patience

log = logging.getLogger(__name__)


class Downloads:
    """All downloads into one folder of models; two of the same model are one. On the loop's thread.

    The arguments are those of `Download`. It owns the tasks: `close` it.
    """

    def __init__(
        self,
        folder: Path,
        pins: Pins,
        on_change: Callable[[Fetch], None],
        *,
        endpoint: str = "",
        patience: Patience | None = None,
        means: Means | None = None,
    ) -> None:
        self._make: Callable[[CatalogModel], Download] = partial(
            Download,
            folder=folder,
            pins=pins,
            on_change=on_change,
            endpoint=endpoint,
            patience=patience,
            means=means,
        )
        self._all: dict[str, tuple[Download, asyncio.Task[Fetch]]] = {}

    def start(self, model: CatalogModel) -> Download:
        """Fetch `model`, or go on with the download of it that runs or is paused."""
        if running := self._running(model.id):
            running.resume()
            return running
        return self._begin(self._make(model))

    def cancel(self, model: CatalogModel) -> Download:
        """Stop fetching `model` and remove what is here of it, also what an earlier run of the program left."""
        if running := self._running(model.id):
            running.cancel()
            return running
        download = self._make(model)
        download.cancel()
        return self._begin(download)

    def find(self, model_id: str) -> Download | None:
        """The download of that model that runs or ran last, or None."""
        known = self._all.get(model_id)
        return known[0] if known else None

    async def close(self) -> None:
        """Stop all of them and keep what is here for the next time."""
        tasks = [task for _, task in self._all.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _running(self, model_id: str) -> Download | None:
        download, task = self._all.get(model_id, (None, None))
        return download if task and not task.done() else None

    def _begin(self, download: Download) -> Download:
        task = asyncio.create_task(download.run(), name=f"download of {download.model.id}")
        task.add_done_callback(_log_bug)
        self._all[download.model.id] = (download, task)
        return download


def _log_bug(task: asyncio.Task[Fetch]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a download broke", exc_info=error)
