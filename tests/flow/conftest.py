"""An engine on a profile of its own, with the real starter model or a script, without Qt."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from own_tasks import own_tasks
from tiny_gguf import write_endless_gguf

from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options

PATIENCE = 60.0
OpenEngine = Callable[..., AbstractAsyncContextManager[Engine]]


def offspring() -> list[psutil.Process]:
    """All processes that were started from here and live."""
    return psutil.Process().children(recursive=True)


def is_of_test(thread: threading.Thread) -> bool:
    """Whether it belongs to the loop's pool, or to the hub that the test itself runs."""
    return "asyncio" in thread.name or thread.name.startswith("hub")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A model whose replies never end by themselves."""
    return write_endless_gguf(tmp_path / "endless.gguf")


@pytest.fixture
def open_engine(profile: Path, monkeypatch: pytest.MonkeyPatch) -> OpenEngine:
    """Opens engines on `profile`; afterwards no task, thread or process of theirs may be left."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[Engine]:
        tasks, threads, processes = own_tasks(), set(threading.enumerate()), set(offspring())
        monkeypatch.setattr("alisa_desktop.host.child.KILLED_SECONDS", PATIENCE)
        async with Engine(Options(Paths.of(profile), **({"endpoint": False} | options))) as engine:
            yield engine
        assert own_tasks() <= tasks, "a task is left"
        left = [thread for thread in threading.enumerate() if thread not in threads and not is_of_test(thread)]
        assert not left, "a thread is left"
        assert set(offspring()) <= processes, "a process is left"

    return opened


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Writes a script for `model.scripted`."""

    def write(*replies: dict[str, Any], **more: Any) -> Path:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"name": "Script", "replies": list(replies)} | more), encoding="utf-8")
        return path

    return write
