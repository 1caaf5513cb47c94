"""Models in the engine: offered, fetched from a hub on this machine, imported, refused, removed, and at rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hub import LocalHub, Trick
from listening import Listener
from tiny_gguf import write_tiny_gguf

from alisa_desktop import library as library_module
from alisa_desktop import mind as mind_module
from alisa_desktop.core.brains import Fetch, FetchState, Fit, Pinned
from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig
from alisa_desktop.core.events import (
    Event,
    FetchesChanged,
    ModelChanged,
    NoticeRaised,
    Remarked,
    ReplyFinished,
    ReplyText,
    UserSpoke,
)
from alisa_desktop.core.messages import ModelState, Outcome
from alisa_desktop.host.hardware import Hardware
from alisa_desktop.settings.schema import ModelSource

REPOSITORY = "someone/Tiny-GGUF"
MIB = 1 << 20
PIECE = 1_200_000
LATER = Trick(status=503, headers={"Retry-After": "60"}, body=b"busy")
"""The hub asks to wait, for longer than a test takes."""


def entry(model: str = "tiny", title: str = "Tiny One", **changes: Any) -> dict[str, Any]:
    return {
        "id": model, "title": title, "repository": REPOSITORY, "revision": "main",
        "files": [{"name": f"{model}.gguf", "role": "model", "bytes": None, "sha256": None}],
        "licence": "MIT", "licence_url": "https://example.org/licence", "parameters": "1 million",
        "quantization": "F16", "context_tokens": 2048, "architecture": "llama", "attention": "full",
        "memory_bytes": None, "sees": False, "good_at": "Tests.", "prompt_notes": "None.",
    } | changes  # fmt: skip


def offer(profile: Path, *models: dict[str, Any]) -> None:
    """Let the profile have a newer list than the one that comes with her."""
    (profile / "models").mkdir(parents=True, exist_ok=True)
    (profile / "models" / "catalog.json").write_text(json.dumps({"version": 1000, "models": models}))


def choose(profile: Path, **settings: Any) -> None:
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "settings.json").write_text(json.dumps(settings))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of five megabytes."""
    return write_tiny_gguf(tmp_path_factory.mktemp("made") / "made.gguf", d=256, ff=2048, layers=3, never_ends=True)


@pytest.fixture
def hub(made: Path, profile: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub with that model, which the list of the profile offers."""
    offer(profile, entry())
    monkeypatch.setattr(library_module, "measure", lambda *_: 1e10)
    with LocalHub() as opened:
        opened.put(REPOSITORY, "tiny.gguf", made.read_bytes())
        monkeypatch.setenv("HF_ENDPOINT", opened.endpoint)
        yield opened


class Ear(Listener):
    """Waits for what is still to come."""

    async def next(self, wanted: Callable[[Event], bool], since: int | None = None) -> Event:
        start = len(self.events) if since is None else since
        return await self.until(lambda event: wanted(event) and any(event is one for one in self.events[start:]))

    async def fetch(self, state: FetchState, words: str = "", since: int = 0) -> Fetch:
        """The download of "tiny" in this state, with these words in its sentence."""

        def right(event: Event) -> bool:
            fetches = event.fetches if isinstance(event, FetchesChanged) else ()
            return any(one.id == "tiny" and one.state is state and words in one.sentence for one in fetches)

        event = await self.next(right, since)
        assert isinstance(event, FetchesChanged)
        return event.fetches[0]

    async def notice(self, words: str) -> str:
        event = await self.next(lambda event: isinstance(event, NoticeRaised) and words in event.text, 0)
        assert isinstance(event, NoticeRaised)
        return event.text

    async def remark(self) -> Remarked:
        event = await self.next(lambda event: isinstance(event, Remarked), 0)
        assert isinstance(event, Remarked)
        return event


def is_state(state: ModelState) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, ModelChanged) and event.status.state is state


def saved(engine: Any) -> dict[str, Any]:
    return dict(json.loads(engine.paths.settings.read_text(encoding="utf-8")))


async def test_what_is_offered_is_told_with_how_it_suits_this_machine(
    open_engine: Any, hub: LocalHub, profile: Path
) -> None:
    offer(profile, entry(), entry("giant", "Giant", memory_bytes=1 << 41))
    async with open_engine() as engine:
        tiny, giant = await engine.library.offers()
        assert (tiny.id, tiny.pinned, tiny.installed, tiny.recommended) == ("tiny", Pinned.UNKNOWN, False, True)
        assert tiny.tokens_per_second
        assert giant.fit is Fit.TOO_BIG
        assert giant.why.startswith("Giant needs about 2048 GB of memory, this machine has")
        assert giant.why.endswith(": choose Tiny One.")
        assert engine.library.machine
        assert not hub.asked, "nobody is asked before something is wanted"


async def test_a_fetched_model_arrives_between_two_replies_and_she_remarks_on_it(
    open_engine: Any, hub: LocalHub, profile: Path, made: Path, tmp_path: Path
) -> None:
    endless = write_tiny_gguf(tmp_path / "endless.gguf", quant="F32", never_ends=True)
    choose(profile, model_source="file", model_file=str(endless))
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        turn = engine.conversation.say("Talk for as long as you can.")
        await heard.until(lambda event: isinstance(event, ReplyText))
        await engine.library.fetch("tiny")
        await heard.fetch(FetchState.DONE)
        remark = await heard.remark()
        assert engine.mind.status.name in remark.text
        kinds = [type(event) for event in heard.events if isinstance(event, UserSpoke | ReplyFinished | Remarked)]
        assert kinds == [ReplyFinished, Remarked] or kinds == [UserSpoke, ReplyFinished, Remarked]
        assert (await heard.finished(turn)).outcome is Outcome.DONE
        assert engine.mind.file == profile / "models" / "tiny" / "tiny.gguf"
        assert engine.mind.file.read_bytes() == made.read_bytes()
        second = engine.conversation.say("And now?")
        assert (await heard.finished(second)).outcome is Outcome.DONE
        models = [stored.model for stored in await engine.memory.recent(5)]
        assert len(set(models)) == 2, models
        [brain] = await engine.library.brains()
        assert (brain.id, brain.title, brain.linked, brain.trouble) == ("tiny", "Tiny One", False, "")
        assert [one.installed for one in await engine.library.offers()] == [True]
        assert not (await engine.library.verify("tiny")).trouble
    assert saved(engine)["model_file"] == str(brain.path)
    async with open_engine() as engine:
        assert engine.mind.file == brain.path, "also after a restart"


async def test_a_download_is_paused_goes_on_and_is_cancelled(open_engine: Any, hub: LocalHub, profile: Path) -> None:
    hub.tricks.extend([Trick(cut_after=PIECE), LATER, Trick(cut_after=PIECE), LATER])
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.library.fetch("tiny")
        stalled = await heard.fetch(FetchState.STALLED, words="(503)")
        await engine.library.pause("tiny")
        paused = await heard.fetch(FetchState.PAUSED)
        assert paused.done == stalled.done == PIECE
        assert [one.state for one in engine.library.fetches] == [FetchState.PAUSED]
        since = len(heard.events)
        await engine.library.fetch("tiny")
        await heard.fetch(FetchState.STALLED, words="(503)", since=since)
        assert hub.files[2].range == f"bytes={PIECE}-"
        await engine.library.cancel("tiny")
        await heard.next(lambda event: isinstance(event, FetchesChanged) and not event.fetches)
        assert not (profile / "models" / "tiny").exists()
        assert engine.mind.is_starter
        with pytest.raises(ModelMissing, match="nobody"):
            await engine.library.fetch("nobody")


async def test_a_download_that_the_user_paused_stays_paused_after_a_restart(open_engine: Any, hub: LocalHub) -> None:
    hub.tricks.extend([Trick(cut_after=PIECE), LATER])
    async with open_engine() as engine:
        ear = Ear(engine.bus)
        await engine.library.fetch("tiny")
        await ear.fetch(FetchState.STALLED, words="(503)")
        await engine.library.pause("tiny")
        await ear.fetch(FetchState.PAUSED)
    asked = len(hub.files)
    async with open_engine() as engine:
        ear = Ear(engine.bus)
        await engine.library.open()
        await ear.fetch(FetchState.PAUSED)
        assert len(hub.files) == asked
        await engine.library.fetch("tiny")
        await ear.fetch(FetchState.DONE)
    assert hub.files[-1].range, "it went on where it was"


async def test_broken_off_twice_and_by_a_restart_it_goes_on_by_itself(
    open_engine: Any, hub: LocalHub, made: Path
) -> None:
    hub.tricks.extend([Trick(cut_after=PIECE), Trick(cut_after=PIECE), LATER])
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.library.fetch("tiny")
        await heard.fetch(FetchState.STALLED, words="(503)")
    asked = len(hub.files)
    assert [bool(one.range) for one in hub.files] == [False, True, True]
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.library.open()
        await heard.remark()
        assert engine.mind.file.read_bytes() == made.read_bytes()
    assert len(hub.files) == asked + 1
    assert hub.files[-1].range == f"bytes={2 * PIECE}-", "nothing came twice"


async def test_a_damaged_file_is_refused_and_the_starter_brain_stays(
    open_engine: Any, hub: LocalHub, profile: Path, made: Path
) -> None:
    hub.tricks.append(Trick(body=made.read_bytes()[:-100] + bytes(100)))
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.library.fetch("tiny")
        failed = await heard.fetch(FetchState.FAILED)
        assert "checksum is another" in failed.sentence
        assert engine.mind.is_starter
        assert await engine.library.brains() == ()
        reply = await heard.finished(engine.conversation.say("hi"))
        assert reply.outcome is Outcome.DONE
        assert not heard.of(Remarked)
        assert engine.settings.model_source is ModelSource.BUILTIN
    assert not (profile / "models" / "tiny").exists()


async def test_a_file_of_the_user_s_is_linked_and_left_alone_when_it_is_removed(
    open_engine: Any, profile: Path, tmp_path: Path
) -> None:
    mine = write_tiny_gguf(tmp_path / "mine.gguf")
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.import_brain(mine)
        await heard.remark()
        assert engine.mind.file == mine
        assert not list(profile.rglob("*.gguf"))
        [brain] = await engine.library.brains()
        assert (brain.path, brain.linked) == (mine, True)
        await engine.remove_brain(brain.id)
        assert engine.mind.is_starter
        assert engine.settings.model_source is ModelSource.BUILTIN
        assert await engine.library.brains() == ()
        assert mine.exists()
        assert (await heard.finished(engine.conversation.say("hi"))).outcome is Outcome.DONE
    assert saved(engine)["model_source"] == "builtin"


async def test_removing_the_present_download_deletes_it_and_goes_back_to_the_starter_brain(
    open_engine: Any, hub: LocalHub, profile: Path
) -> None:
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        await engine.library.fetch("tiny")
        await heard.remark()
        await engine.remove_brain("tiny")
        assert engine.mind.is_starter
        assert not (profile / "models" / "tiny").exists()
        assert (await heard.finished(engine.conversation.say("hi"))).outcome is Outcome.DONE


async def test_what_can_t_be_used_is_told_and_the_present_one_stays(open_engine: Any, tmp_path: Path) -> None:
    mine = write_tiny_gguf(tmp_path / "mine.gguf")
    page = tmp_path / "page.gguf"
    page.write_text("<!doctype html><html>404</html>")
    async with open_engine() as engine:
        with pytest.raises(ModelBroken):
            await engine.import_brain(page)
        with pytest.raises(ModelMissing):
            await engine.import_brain(tmp_path / "gone.gguf")
        with pytest.raises(ModelMissing, match="nobody"):
            await engine.use_brain("nobody")
        brain = await engine.library.add(mine)
        mine.write_text("damaged meanwhile")
        with pytest.raises(ModelBroken):
            await engine.use_brain(brain.id)
        assert engine.mind.is_starter
        assert engine.settings.model_source is ModelSource.BUILTIN


async def test_a_model_too_big_is_refused_with_those_that_suit(
    open_engine: Any, hub: LocalHub, profile: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Hardware(memory_bytes=64 * MIB, available_bytes=64 * MIB, disk_free_bytes=1 << 50, logical_cores=2)
    monkeypatch.setattr(library_module, "look", lambda _: small)
    minis = [entry(f"mini-{one}", f"Mini {one.upper()}", memory_bytes=MIB) for one in "ab"]
    offer(profile, entry(), *minis)
    said = "needs about 0.1 GB of memory, this machine has less than 0.1: choose one of these: Mini "
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        linked = await engine.library.add(made)
        with pytest.raises(ModelTooBig, match=f"{linked.title} {said}"):
            await engine.use_brain(linked.id)
        await engine.library.fetch("tiny")
        assert f"Tiny One {said}" in await heard.notice("needs about")
        assert engine.mind.is_starter
        assert engine.settings.model_source is ModelSource.BUILTIN
        assert not heard.of(Remarked)


async def test_a_chosen_file_that_is_gone_at_start_costs_one_notice_and_stays_the_choice(
    open_engine: Any, profile: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.gguf"
    choose(profile, model_source="file", model_file=str(gone))
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        engine.tell_notices()
        await heard.notice("I go on with my starter brain")
        assert engine.mind.is_starter
        reply = await heard.finished(engine.conversation.say("hi"))
        assert (reply.outcome, reply.notice) == (Outcome.DONE, "")
        assert len(heard.of(NoticeRaised)) == 1
        assert engine.settings.model_file == str(gone)
    assert saved(engine)["model_source"] == "file"
    write_tiny_gguf(gone, never_ends=True)
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        assert (await heard.finished(engine.conversation.say("hi"))).outcome is Outcome.DONE
        assert engine.mind.file == gone, "it is tried again at the next start"
        assert not heard.of(NoticeRaised)


@pytest.mark.parametrize("reason", ["idle", "pressure"])
async def test_she_rests_when_nobody_talks_and_wakes_with_a_word(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr(mind_module, "TEND_SECONDS", 0.05)
    monkeypatch.setattr(mind_module, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(mind_module, "memory_is_low", lambda: reason == "pressure")
    async with open_engine() as engine:
        heard = Ear(engine.bus)
        engine.mind._idle_seconds = 0.1 if reason == "idle" else 0.0
        await heard.next(is_state(ModelState.RESTING), 0)
        async with asyncio.timeout(20):  # nothing keeps any memory
            while psutil.Process().children():
                await asyncio.sleep(0.02)
        since = len(heard.events)
        assert (await heard.finished(engine.conversation.say("hi"))).outcome is Outcome.DONE
        await heard.next(is_state(ModelState.RESTING), since)
        since = len(heard.events)
        await engine.mind.wake()
        await heard.next(is_state(ModelState.READY), since)
        assert not heard.of(NoticeRaised)


async def test_she_does_not_rest_while_she_speaks(open_engine: Any, endless: Path) -> None:
    async with open_engine(model=endless) as engine:
        heard = Ear(engine.bus)
        turn = engine.conversation.say("Talk for as long as you can.")
        await heard.until(lambda event: isinstance(event, ReplyText))
        assert not await engine.mind.rest()
        assert engine.model_status.state is ModelState.READY
        engine.conversation.stop()
        assert (await heard.finished(turn)).outcome is Outcome.STOPPED
        assert await engine.mind.rest()
        assert engine.model_status.state is ModelState.RESTING
