"""The tasks of the loop that somebody began, for tests that count what is left of them."""

from __future__ import annotations

import asyncio
from typing import Any

ACCEPT_ON_WINDOWS = "IocpProactor.accept.<locals>.accept_coro"
"""Python's own task for every socket that listens; it goes one round of the loop after its socket."""


def own_tasks() -> set[asyncio.Task[Any]]:
    """All tasks but Python's own."""
    return {task for task in asyncio.all_tasks() if ACCEPT_ON_WINDOWS not in repr(task)}
