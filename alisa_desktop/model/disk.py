"""Files of models on the disk: off the loop, in one step, and never outside their folder."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from alisa_desktop.core.errors import DownloadFailed

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a worker thread. A cancelled caller still waits for it, so that nothing goes on behind its
    back; raises what `function` raises."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            await _settled(work)
        if not work.cancelled():
            work.exception()  # looked at: the caller no longer wants to know
        raise


async def _settled(work: asyncio.Future[T]) -> None:
    try:
        await asyncio.wait([work])
    except asyncio.CancelledError:
        return  # cancelled once more: the thread can't be, and the first time is told anyway


def replace_file(path: Path, data: bytes) -> None:
    """Replace the file at `path` in one step: a crash leaves the old one or the new one. Raises `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` last through a loss of power, where the system knows how to."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def inside(folder: Path, *parts: str) -> Path:
    """The path of `parts` in `folder`, which may itself be a link but holds none on the way.

    Raises `DownloadFailed` for a path that leads elsewhere.
    """
    root = folder.resolve()
    path = root.joinpath(*parts)
    if path.resolve() != path or not path.is_relative_to(root):
        raise DownloadFailed(
            f"{path} leads out of the folder of models. Remove that link, or choose another folder for models."
        )
    return path


def size_text(size: float) -> str:
    """A number of bytes for people."""
    if size >= 1e8:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
