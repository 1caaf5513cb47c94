"""The talk: words as they come, few paints, a way back through the day."""

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.core.messages import Emotion, Outcome, Turn
from alisa_desktop.ui.exchange import Exchange
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.passages import CodePassage
from alisa_desktop.ui.theme import dark
from alisa_desktop.ui.transcript import FRAME, MOST, PAGE, Transcript

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LONG = "\n\n".join(f"Paragraph {number}: " + "some *soft* words " * 12 for number in range(100))


@pytest.fixture
def transcript(qtbot: QtBot, look: Look) -> Transcript:
    transcript = Transcript(look)
    qtbot.addWidget(transcript)
    transcript.resize(340, 300)
    transcript.show()
    return transcript


def begin(transcript: Transcript, turn: str = "1", words: str = "Hello", *, again: bool = False) -> Exchange:
    transcript.begin(UserSpoke(turn, words, NOON, again=again))
    return transcript.exchanges[-1]


def finish(
    transcript: Transcript, text: str, outcome: Outcome = Outcome.DONE, notice: str = "", turn: str = "1"
) -> None:
    transcript.finish(ReplyFinished(turn, Emotion.HAPPY, outcome, text, notice, 1, 1.0))


def shown(exchange: Exchange) -> str:
    return "\n".join(
        passage.text if isinstance(passage, CodePassage) else passage.toPlainText()
        for passage in exchange.reply.passages
    )


def endings(exchange: Exchange) -> str:
    return exchange.reply.ending.text() if not exchange.reply.ending.isHidden() else ""


def day(count: int) -> list[Turn]:
    return [
        Turn(str(n), f"Question {n}", f"Answer {n}", Emotion.HAPPY, "default", "m", NOON + timedelta(minutes=n))
        for n in range(count)
    ]


def test_words_are_shown_as_they_come(transcript: Transcript, qtbot: QtBot):
    exchange = begin(transcript)
    transcript.add_words(ReplyText("1", "Hm"))
    transcript.add_words(ReplyText("1", "ph."))
    qtbot.waitUntil(lambda: shown(exchange) == "Hmph.")
    assert exchange.words.words.toPlainText() == "Hello"


def test_many_chunks_make_one_paint(transcript: Transcript, qtbot: QtBot):
    assert FRAME >= 33
    exchange = begin(transcript)
    for _ in range(500):
        transcript.add_words(ReplyText("1", "word "))
    assert exchange.reply.renders == 0
    qtbot.waitUntil(lambda: exchange.reply.renders > 0)
    assert exchange.reply.renders == 1
    assert not transcript.frame_timer.isActive()


def test_long_reply_renders_only_its_end(transcript: Transcript):
    exchange = begin(transcript)
    exchange.reply.add(LONG)
    exchange.reply.refresh()
    built = exchange.reply.renders
    assert built == len(exchange.reply.passages) > 10
    for number in range(20):
        exchange.reply.add(f" more {number}")
        exchange.reply.refresh()
    assert exchange.reply.renders == built + 20


def test_finished_reply_is_one_passage_to_select_from(transcript: Transcript):
    exchange = begin(transcript)
    exchange.reply.add(LONG)
    exchange.reply.refresh()
    finish(transcript, LONG)
    assert len(exchange.reply.passages) == 1
    assert "Paragraph 99" in shown(exchange)


def test_code_gets_a_passage_of_its_own(transcript: Transcript):
    exchange = begin(transcript)
    finish(transcript, "Look:\n```python\nprint(1)\n```\nDone.")
    assert [type(passage).__name__ for passage in exchange.reply.passages] == [
        "ProsePassage",
        "CodePassage",
        "ProsePassage",
    ]


def test_nothing_is_painted_while_hidden(transcript: Transcript, qtbot: QtBot):
    exchange = begin(transcript)
    transcript.hide()
    transcript.add_words(ReplyText("1", "unseen"))
    assert not transcript.frame_timer.isActive()
    transcript.show()
    assert shown(exchange) == "unseen"


def test_dots_until_the_first_word(transcript: Transcript, qtbot: QtBot):
    exchange = begin(transcript)
    assert exchange.reply.dots.isVisible()
    assert exchange.reply.dots.timer.isActive()
    transcript.add_words(ReplyText("1", "x"))
    qtbot.waitUntil(lambda: not exchange.reply.dots.isVisible())
    assert not exchange.reply.dots.timer.isActive()


def test_stopped_and_failed_replies_say_so(transcript: Transcript):
    exchange = begin(transcript)
    finish(transcript, "Well, I", Outcome.STOPPED)
    assert endings(exchange) == "(stopped)"
    assert shown(exchange) == "Well, I"
    exchange = begin(transcript, "2")
    transcript.add_words(ReplyText("2", "I can't find my model."))
    finish(transcript, "", Outcome.FAILED, "I can't find my model.", turn="2")
    assert endings(exchange) == "I can't find my model."
    assert shown(exchange) == ""


def test_regenerated_reply_takes_the_place_of_the_old_one(transcript: Transcript):
    exchange = begin(transcript)
    finish(transcript, "old")
    assert begin(transcript, again=True) is exchange
    assert shown(exchange) == ""
    finish(transcript, "new")
    assert shown(exchange) == "new"
    assert len(transcript.exchanges) == 1


def test_follows_her_words(transcript: Transcript):
    begin(transcript)
    finish(transcript, LONG)
    bar = transcript.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()


def test_stays_where_the_user_reads_and_offers_the_new_words(transcript: Transcript, qtbot: QtBot):
    begin(transcript)
    finish(transcript, LONG)
    bar = transcript.verticalScrollBar()
    begin(transcript, "2")
    bar.setValue(40)
    transcript.add_words(ReplyText("2", "More.\n\nAnd more."))
    qtbot.waitUntil(transcript.new_words.isVisible)
    assert bar.value() == 40
    transcript.new_words.click()
    assert bar.value() == bar.maximum()
    assert not transcript.new_words.isVisible()


def test_today_is_built_as_far_as_one_scrolls(transcript: Transcript):
    transcript.show_today(day(3 * PAGE))
    assert len(transcript.exchanges) == PAGE
    assert transcript.exchanges[-1].turn == str(3 * PAGE - 1)
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    assert len(transcript.exchanges) == 2 * PAGE
    bar.setValue(0)
    assert [exchange.turn for exchange in transcript.exchanges] == [str(n) for n in range(3 * PAGE)]


def test_scrolling_back_keeps_the_words_under_the_eye(transcript: Transcript):
    transcript.show_today(day(2 * PAGE))
    bar = transcript.verticalScrollBar()
    top = transcript.exchanges[0]
    bar.setValue(0)
    assert top is transcript.exchanges[PAGE]
    assert top.y() - bar.value() == 0


def test_a_long_talk_keeps_only_the_latest_built_and_loses_nothing(transcript: Transcript):
    for number in range(MOST + 20):
        at = NOON + timedelta(minutes=number)
        transcript.begin(UserSpoke(str(number), f"Question {number}", at))
        finish(transcript, f"Answer {number}", turn=str(number))
    assert len(transcript.exchanges) == MOST
    assert transcript.exchanges[-1].turn == str(MOST + 19)
    bar = transcript.verticalScrollBar()
    while len(transcript.exchanges) < MOST + 20:
        before = len(transcript.exchanges)
        bar.setValue(0)
        assert len(transcript.exchanges) > before
    assert [exchange.turn for exchange in transcript.exchanges] == [str(n) for n in range(MOST + 20)]
    assert transcript.exchanges[0].words.words.toPlainText() == "Question 0"
    assert shown(transcript.exchanges[0]) == "Answer 0"


def test_larger_view_shows_more_of_the_day(transcript: Transcript):
    transcript.show_today(day(3 * PAGE))
    transcript.resize(340, 1500)
    assert len(transcript.exchanges) > PAGE


def test_today_keeps_the_exchange_under_way(transcript: Transcript):
    begin(transcript, "5", "now")
    transcript.show_today(day(3))
    assert [exchange.turn for exchange in transcript.exchanges] == ["0", "1", "2", "5"]
    transcript.show_today([])
    assert [exchange.turn for exchange in transcript.exchanges] == ["5"]


def test_last_reply_can_be_copied_as_she_wrote_it(transcript: Transcript):
    begin(transcript)
    finish(transcript, "**Hm.**")
    assert transcript.afterwards.isVisible()
    transcript.afterwards.copy.click()
    assert QGuiApplication.clipboard().text() == "**Hm.**"


def test_no_buttons_below_a_reply_under_way(transcript: Transcript):
    begin(transcript)
    assert not transcript.afterwards.isVisible()


def test_keyboard_walks_through_the_passages(transcript: Transcript):
    begin(transcript)
    finish(transcript, "answer")
    assert transcript.walk(-1)
    assert transcript.exchanges[0].reply.passages[0].hasFocus()
    assert transcript.walk(-1)
    assert transcript.exchanges[0].words.words.hasFocus()
    assert not transcript.walk(-1)


def test_other_theme_is_drawn_at_once(transcript: Transcript, look: Look):
    exchange = begin(transcript)
    finish(transcript, "[there](https://example.com)")
    transcript.restyle(Look(dark, look.font, look.icons))
    passage = exchange.reply.passages[0]
    assert not isinstance(passage, CodePassage)
    link = passage.document().find("there").charFormat()
    assert link.foreground().color().name().upper() == dark.link


def test_what_is_scrolled_out_at_the_top_fades(transcript: Transcript):
    begin(transcript)
    assert transcript.edge.isHidden()
    finish(transcript, "\n\n".join(["word"] * 40))
    assert transcript.edge.isVisible()
    transcript.verticalScrollBar().setValue(0)
    assert transcript.edge.isHidden()


def test_nothing_to_copy_no_button(transcript: Transcript):
    begin(transcript)
    finish(transcript, "")
    assert transcript.afterwards.copy.isHidden()
    assert not transcript.afterwards.again.isHidden()
