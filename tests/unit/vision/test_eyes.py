"""The eyes as the engine holds them: open only as far as allowed, and with them their process and its memory."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.core.sight import Consent, Depth, EyesStatus, Gaze, Sight
from alisa_desktop.vision.eyes import CRASHED, Eyes, Rules

CHILD = r"""
import os, sys
from alisa_desktop.core.frames import PROTOCOL
from alisa_desktop.host.pipe import connect
inbox, outbox = connect()
outbox.send(type="hello", protocol=PROTOCOL, pid=os.getpid())
rules = inbox.next()
def saw(request, depth, text):
    sight = dict(app="Editor", title="main.py", kind="code editor", depth=depth, text=text, picture="", reason="")
    outbox.send(type="saw", id=request, sight=sight, counts=dict(captures=1, runs=1, pixels=9))
for frame in inbox.requests():
    if frame["type"] == "aware":
        saw(0, "window", "")
    elif frame["depth"] == "window":
        os._exit(3)
    elif frame["depth"] == "picture":
        outbox.send(type="error", id=frame["id"], kind="SightFailed", sentence="Black.")
    else:
        outbox.send(type="looking", on=True)
        saw(frame["id"], "text", rules["never"])
        outbox.send(type="looking", on=False)
"""


class Held:
    """Eyes whose process plays its part, and everything they told."""

    def __init__(self, folder: Path) -> None:
        self.statuses: list[EyesStatus] = []
        self.sights: list[Sight] = []
        self.told = asyncio.Event()
        self.eyes = Eyes(
            Rules(folder / "apps", folder / "blocked", "my diary"),
            command=[sys.executable, "-c", CHILD],
            cwd=Path(__file__).parents[3],
            on_status=self._hear,
            on_sight=self._see,
            back_off=0,
            idle=0,
        )

    def _hear(self, status: EyesStatus) -> None:
        self.statuses.append(status)
        self.told.set()

    def _see(self, sight: Sight) -> None:
        self.sights.append(sight)
        self.told.set()

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                self.told.clear()
                await self.told.wait()

    @property
    def gaze(self) -> Gaze:
        return self.eyes.status.gaze


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Held]:
    held = Held(tmp_path)
    yield held
    await held.eyes.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert held.eyes.status == EyesStatus()


async def test_shut_eyes_do_not_look_and_have_no_process(held: Held) -> None:
    with pytest.raises(SightFailed, match="shut"):
        await held.eyes.look(Depth.TEXT)
    await held.eyes.allow(Consent.OFF)
    assert held.eyes._child is None
    assert held.statuses == []


async def test_a_look_when_asked_fills_the_eye_for_its_time(held: Held) -> None:
    await held.eyes.allow(Consent.ASK)
    assert (held.gaze, held.eyes._child) == (Gaze.OPEN, None), "no process before the first look"
    sight = await held.eyes.look(Depth.TEXT)
    assert (sight.app, sight.text) == ("Editor", "my diary"), "the user's own words are among the rules"
    await held.until(lambda: held.gaze is Gaze.OPEN)
    assert [status.gaze for status in held.statuses] == [Gaze.OPEN, Gaze.LOOKING, Gaze.OPEN]
    assert held.eyes.counts["captures"] == 1
    async with asyncio.timeout(30):
        while held.eyes._child:  # nobody asks again, so the memory is given back
            await asyncio.sleep(0)
    assert (await held.eyes.look(Depth.TEXT)).app == "Editor"


async def test_aware_eyes_tell_on_their_own(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    assert held.sights[0].title == "main.py"


async def test_shutting_them_ends_the_process(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    child = held.eyes._child
    assert child
    await held.eyes.allow(Consent.OFF)
    assert child.ended.is_set()
    assert held.gaze is Gaze.CLOSED


async def test_those_that_a_look_opens_while_others_are_shut_are_watched(held: Held) -> None:
    held.eyes._idle = 3600.0
    await held.eyes.allow(Consent.ASK)
    await held.eyes.look(Depth.TEXT)
    shutting = asyncio.create_task(held.eyes._shut())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await held.eyes.look(Depth.TEXT)
        await shutting
        with pytest.raises(SightFailed) as crash:
            await held.eyes.look(Depth.WINDOW)
    assert str(crash.value) == CRASHED


async def test_of_two_each_tells_of_its_own_looks(held: Held) -> None:
    held.eyes._idle = 3600.0
    await held.eyes.allow(Consent.ASK)
    await held.eyes.look(Depth.TEXT)
    old = held.eyes._child
    assert old
    old._on_frame({"type": "looking", "on": True})
    shutting = asyncio.create_task(held.eyes._shut())
    await asyncio.sleep(0)
    assert held.gaze is Gaze.LOOKING, "until its process is gone"
    fresh = held.eyes._opened()
    fresh._on_frame({"type": "looking", "on": True})
    await shutting
    assert held.gaze is Gaze.LOOKING
    fresh._on_frame({"type": "looking", "on": False})
    assert held.gaze is Gaze.OPEN


async def test_a_process_that_nothing_ends_is_left_alone(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    child = held.eyes._child
    assert child

    async def in_vain(_: float) -> None:
        return

    monkeypatch.setattr(child, "stop", in_vain)
    async with asyncio.timeout(30):
        await held.eyes.allow(Consent.OFF)
    assert held.gaze is Gaze.CLOSED
    monkeypatch.undo()
    await child.stop(30)


async def test_a_pause_shuts_them(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    until = await held.eyes.pause(timedelta(hours=1))
    assert held.eyes.status == EyesStatus(Consent.AWARE, Gaze.PAUSED, until)
    assert held.eyes._child is None
    with pytest.raises(SightFailed, match="paused"):
        await held.eyes.look(Depth.TEXT)


async def test_a_pause_ends_by_itself(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE, datetime.now(UTC) + timedelta(seconds=0.2))
    await held.until(lambda: held.sights)
    assert held.eyes.is_open
    gazes = [status.gaze for status in held.statuses]
    assert gazes.index(Gaze.PAUSED) < gazes.index(Gaze.OPEN)


async def test_a_pause_that_is_over_at_the_start_is_none(held: Held) -> None:
    await held.eyes.allow(Consent.ASK, datetime.now(UTC) - timedelta(seconds=1))
    assert held.gaze is Gaze.OPEN


async def test_a_refusal_is_told_in_its_sentence_until_a_look_works(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    with pytest.raises(SightFailed, match=r"Black\."):
        await held.eyes.look(Depth.PICTURE)
    assert held.eyes.status.trouble == "Black."
    await held.eyes.look(Depth.TEXT)
    assert held.eyes.status.trouble == ""


async def test_a_crash_costs_one_look_and_they_open_again(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    held.sights.clear()
    with pytest.raises(SightFailed, match="unexpectedly"):
        await held.eyes.look(Depth.WINDOW)
    await held.until(lambda: held.sights)
    assert (await held.eyes.look(Depth.TEXT)).app == "Editor"


async def test_other_rules_are_gone_by_at_once(held: Held) -> None:
    await held.eyes.allow(Consent.AWARE)
    await held.until(lambda: held.sights)
    await held.eyes.follow(Rules(Path("apps"), Path("blocked"), "letters"))
    assert (await held.eyes.look(Depth.TEXT)).text == "letters"


async def test_a_process_that_never_starts_is_a_sentence(tmp_path: Path) -> None:
    eyes = Eyes(Rules(tmp_path, tmp_path), command=[str(tmp_path / "nothing")], cwd=tmp_path, back_off=0)
    await eyes.allow(Consent.ASK)
    for _ in range(3):
        with pytest.raises(SightFailed, match="unexpectedly"):
            await eyes.look(Depth.TEXT)
    await eyes.close()
