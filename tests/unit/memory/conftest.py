from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.memory.store import Store

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def turn() -> Callable[..., Turn]:
    def make(number: int = 0, **changes: Any) -> Turn:
        values: dict[str, Any] = {
            "id": f"00000000-0000-4000-8000-{number:012}",
            "user_text": f"question {number}",
            "reply": f"answer {number}",
            "emotion": Emotion.HAPPY,
            "mode": "default",
            "model": "starter",
            "at": NOON + timedelta(minutes=number),
        }
        return Turn(**(values | changes))

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "100% Jérôme 田中" / "profile" / "alisa_memory.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(path, UTC)
    yield opened
    await opened.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores opened from now on hardly wait for other processes."""
    for module in ("connection", "database"):
        monkeypatch.setattr(f"alisa_desktop.memory.{module}.BUSY_MS", 20)


@pytest.fixture
def queries() -> Iterator[list[str]]:
    """Every SELECT that SQLAlchemy sends."""
    seen: list[str] = []

    def look(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    yield seen
    event.remove(Engine, "before_cursor_execute", look)


@pytest.fixture
def with_pragmas() -> Callable[..., Any]:
    """Runs a block in which every statement is preceded by these pragmas, on its own connection."""

    @contextmanager
    def apply(*pragmas: str) -> Iterator[None]:
        def before(connection: Connection, *_rest: object) -> None:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

        event.listen(Engine, "before_cursor_execute", before)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", before)

    return apply
