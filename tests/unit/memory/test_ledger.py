"""The privacy ledger: receipts are kept, extended, forgotten for good, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop.core.sight import Depth, Look
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.memory.store import KEPT, Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = "a secret on the screen: 田中 \ud800"


def look(number: int, **changes: Any) -> Look:
    at = NOON + timedelta(minutes=number)
    return replace(Look(f"look-{number}", at, at, 1, "Editor", "main.py", Depth.TEXT, f"note {number}"), **changes)


@pytest.fixture(params=["store", "forgetful"])
async def ledger(request: pytest.FixtureRequest, path: Path) -> Any:
    kept = await Store.open(path) if request.param == "store" else Forgetful("The disk is full.")
    yield kept
    await kept.close()


async def test_receipts_are_told_newest_first(ledger: Any) -> None:
    for number in range(3):
        await ledger.record_look(look(number))
    assert [one.note for one in await ledger.looks()] == ["note 2", "note 1", "note 0"]
    assert len(await ledger.looks(2)) == 2


async def test_a_receipt_goes_on_in_its_own_place(ledger: Any) -> None:
    await ledger.record_look(look(0))
    longer = look(0, until=NOON + timedelta(minutes=9), count=5, told=True, note="more")
    await ledger.record_look(longer)
    assert await ledger.looks() == [longer]


async def test_one_the_last_hour_or_all_can_be_forgotten(ledger: Any) -> None:
    for number in (0, 10, 70, 80):
        await ledger.record_look(look(number))
    await ledger.record_look(look(5, until=NOON + timedelta(minutes=75)))
    assert await ledger.forget_looks(look_id="look-80") == 1
    assert await ledger.forget_looks(look_id="nothing") == 0
    assert await ledger.forget_looks(NOON + timedelta(minutes=60)) == 2, "one lasted into that hour"
    assert [one.id for one in await ledger.looks()] == ["look-10", "look-0"]
    assert await ledger.forget_looks() == 2
    assert await ledger.looks() == []


async def test_forgetting_everything_forgets_the_looks_too(ledger: Any) -> None:
    await ledger.record_look(look(0))
    await ledger.forget_all()
    assert await ledger.looks() == []


async def test_receipts_survive_a_restart_and_no_trace_survives_forgetting(path: Path) -> None:
    store = await Store.open(path)
    await store.record_look(look(0, note=SECRET))
    await store.close()
    store = await Store.open(path)
    assert [one.note for one in await store.looks()] == ["a secret on the screen: 田中 \ufffd"]
    await store.forget_looks()
    await store.close()
    assert not any(b"a secret on the screen" in file.read_bytes() for file in path.parent.iterdir() if file.is_file())


async def test_old_receipts_go_by_themselves(path: Path) -> None:
    store = await Store.open(path)
    await store.record_look(look(0))
    await store.record_look(look(1, at=NOON + KEPT, until=NOON + KEPT))
    await store.record_look(look(2, at=NOON + KEPT + timedelta(days=1), until=NOON + KEPT + timedelta(days=1)))
    assert [one.id for one in await store.looks()] == ["look-2", "look-1"]
    await store.close()
