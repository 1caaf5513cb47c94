"""What was seen is told with a message, in so many words as the message needs, and every telling has its receipt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alisa_desktop.conversation.about_screen import is_about_screen
from alisa_desktop.conversation.surroundings import Surroundings
from alisa_desktop.core.errors import MemoryFailed, SightFailed
from alisa_desktop.core.events import Event, LedgerChanged, NoticeRaised, ScreenSeen
from alisa_desktop.core.messages import FactKind, ScreenReport
from alisa_desktop.core.sight import AppKind, Consent, Depth, EyesStatus, Gaze, Look, Sight

WINDOW = Sight("Konsole", "~ : bash", AppKind.TERMINAL)
TEXT = Sight("Konsole", "~ : bash", AppKind.TERMINAL, Depth.TEXT, "NameError: name 'x' is not defined")
PRIVATE = Sight(reason="this window is private")


class Eyes:
    """Eyes that see what a test puts before them."""

    def __init__(self, consent: Consent) -> None:
        self.status = EyesStatus(consent, Gaze.OPEN)
        self.before: Sight | str = TEXT
        self.looks: list[Depth] = []

    async def look(self, depth: Depth) -> Sight:
        self.looks.append(depth)
        if isinstance(self.before, str):
            raise SightFailed(self.before)
        return self.before


class Ledger:
    """Keeps receipts by their ids."""

    def __init__(self) -> None:
        self.kept: dict[str, Look] = {}
        self.broken = False

    async def record_look(self, look: Look) -> None:
        if self.broken:
            raise MemoryFailed("The disk is full.")
        self.kept[look.id] = look


class Scene:
    """Surroundings with a clock."""

    def __init__(self, consent: Consent) -> None:
        self.eyes, self.ledger = Eyes(consent), Ledger()
        self.events: list[Event] = []
        self.time = datetime(2026, 5, 1, 12, tzinfo=UTC)
        self.around = Surroundings(self.eyes, self.ledger, publish=self.events.append)

    def now(self) -> datetime:
        return self.time

    async def notes(self, text: str) -> list[str]:
        return [fact.text for fact in await self.around.facts(text, self.now)]

    @property
    def receipts(self) -> list[Look]:
        return list(self.ledger.kept.values())


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("what does this error mean?", True),
        ("What am I doing?", True),
        ("what’s on my screen", True),
        ("can you see what i am working on", True),
        ("summarize this article", True),
        ("explain that stack trace", True),
        ("fix this", True),
        ("what's this?", True),
        ("hi alisa", False),
        ("i love you", False),
        ("tell me a joke", False),
        ("what is the capital of france", False),
        ("how was your day", False),
        ("a" * 100_000 + " this error", False),
    ],
)
def test_what_is_about_the_screen(text: str, about: bool) -> None:
    assert is_about_screen(text) is about


async def test_shut_eyes_know_nothing_and_say_nothing() -> None:
    scene = Scene(Consent.OFF)
    assert await scene.notes("what does this error mean?") == []
    assert scene.eyes.looks == []
    assert scene.receipts == []


async def test_who_is_to_be_asked_does_not_look_by_oneself_but_says_how() -> None:
    scene = Scene(Consent.ASK)
    [note] = await scene.notes("what does this error mean?")
    assert "Look now" in note
    assert scene.eyes.looks == []
    assert await scene.notes("hi") == []


async def test_a_look_is_told_with_its_receipt_word_for_word() -> None:
    scene = Scene(Consent.ASK)
    looked = await scene.around.look(Depth.TEXT, scene.now)
    [fact] = await scene.around.facts("look at my screen", scene.now, looked)
    assert fact.kind is FactKind.SCREEN
    assert fact.values == {"app": "Konsole", "title": "~ : bash", "kind": "terminal"}
    [receipt] = scene.receipts
    assert (
        receipt.note == fact.text == "screen: Konsole (terminal) - ~ : bash; text: “NameError: name 'x' is not defined”"
    )
    assert (receipt.told, receipt.count, receipt.depth) == (True, 1, Depth.TEXT)
    assert any(isinstance(event, LedgerChanged) for event in scene.events)


async def test_aware_looks_closer_only_where_the_message_asks_for_it() -> None:
    scene = Scene(Consent.AWARE)
    scene.around.see(WINDOW, scene.now())
    assert await scene.notes("hi") == ["screen: Konsole (terminal) - ~ : bash"]
    assert scene.eyes.looks == []
    [note] = await scene.notes("what does this error mean?")
    assert "NameError" in note
    assert scene.eyes.looks == [Depth.TEXT]
    assert [(receipt.depth, receipt.told) for receipt in scene.receipts] == [(Depth.WINDOW, True), (Depth.TEXT, True)]


async def test_the_text_of_before_is_still_known_when_only_the_window_is_looked_at() -> None:
    scene = Scene(Consent.AWARE)
    scene.around.see(TEXT, scene.now())
    scene.around.see(WINDOW, scene.now())
    scene.eyes.before = "Black."
    [note] = await scene.notes("what does this error mean?")
    assert "NameError" in note


async def test_what_is_read_again_and_again_without_being_told_is_one_receipt() -> None:
    scene = Scene(Consent.AWARE)
    for minute in range(60):
        scene.time += timedelta(minutes=1)
        await scene.around._record(
            scene.around._receipt(
                Sight("Clock", "clock", AppKind.OTHER, Depth.TEXT, f"12:{minute:02}"),
                scene.now(),
                f"12:{minute:02}",
                told=False,
            )
        )
    [receipt] = scene.receipts
    assert (receipt.count, receipt.note) == (60, "12:59")
    assert receipt.until - receipt.at == timedelta(minutes=59)


async def test_what_was_told_stays_as_it_was_told() -> None:
    scene = Scene(Consent.AWARE)
    await scene.notes("what does this error mean?")
    scene.eyes.before = Sight("Konsole", "~ : bash", AppKind.TERMINAL, Depth.TEXT, "all tests passed")
    await scene.notes("what does this mean?")
    assert ["NameError" in receipt.note for receipt in scene.receipts] == [True, False]


async def test_what_is_private_has_neither_name_nor_title() -> None:
    scene = Scene(Consent.ASK)
    scene.eyes.before = PRIVATE
    looked = await scene.around.look(Depth.TEXT, scene.now)
    [fact] = await scene.around.facts("what is this?", scene.now, looked)
    assert fact.kind is FactKind.EYES
    assert fact.text == "screen: you did not look, because this window is private"
    [receipt] = scene.receipts
    assert (receipt.app, receipt.title) == ("(private)", "")


async def test_a_ledger_that_can_t_be_written_is_said() -> None:
    scene = Scene(Consent.ASK)
    scene.ledger.broken = True
    for _ in range(3):
        await scene.around.look(Depth.TEXT, scene.now)
    assert scene.events.count(NoticeRaised("The disk is full.")) == 1, "and not at every look"


async def test_a_short_note_leaves_the_receipt_of_what_was_read_alone() -> None:
    scene = Scene(Consent.AWARE)
    await scene.around.look(Depth.TEXT, scene.now)
    assert await scene.notes("hi") == ["screen: Konsole (terminal) - ~ : bash"]
    kept = {receipt.depth: (receipt.told, "NameError" in receipt.note) for receipt in scene.receipts}
    assert kept == {Depth.TEXT: (False, True), Depth.WINDOW: (True, False)}


async def test_a_look_fades_and_awareness_does_not() -> None:
    for consent, known in ((Consent.ASK, False), (Consent.AWARE, True)):
        scene = Scene(consent)
        scene.around.see(WINDOW, scene.now())
        scene.time += timedelta(hours=1)
        assert bool(await scene.notes("hi")) is known


async def test_forgetting_forgets_all() -> None:
    scene = Scene(Consent.AWARE)
    scene.around.see(TEXT, scene.now())
    scene.around.forget()
    assert await scene.notes("hi") == []


async def test_sensors_are_no_looks_and_fade_in_any_case() -> None:
    scene = Scene(Consent.AWARE)
    scene.around.report(ScreenReport("Code", "main.py", "words"), scene.now())
    assert await scene.notes("hi") == ["screen: Code - main.py"]
    assert scene.receipts == []
    assert [event.sensor for event in scene.events if isinstance(event, ScreenSeen)] == [True]
    scene.time += timedelta(minutes=6)
    assert await scene.notes("hi") == []


async def test_the_house_is_told_of_what_is_new_alone_and_never_of_a_picture() -> None:
    scene = Scene(Consent.AWARE)
    for sight in (WINDOW, WINDOW, Sight("Konsole", "~ : bash", AppKind.TERMINAL, Depth.PICTURE, "x", "data:x")):
        scene.around.see(sight, scene.now())
    told = [event.sight for event in scene.events if isinstance(event, ScreenSeen)]
    assert len(told) == 2
    assert not any(sight.picture for sight in told)
