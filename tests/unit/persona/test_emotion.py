"""No tag, no reasoning and no half tag is ever seen, however the text is cut; no word is dropped."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alisa_desktop.core.messages import Emotion
from alisa_desktop.persona.emotion import ReplyParser, emotion_of

SEEN = re.compile(r"<\s{0,2}/?\s{0,2}emotion(?!\w)|</?\s{0,2}think(ing)?\s{0,2}/?>|<\|\w{1,32}\|>", re.IGNORECASE)
HALF = re.compile(r"<\s{0,2}/?\s{0,2}(em(o(t(io?)?)?)?|th(i(nk?)?)?|thinki(ng?)?)$", re.IGNORECASE)


def parse(*pieces: str) -> tuple[str, list[Emotion]]:
    parser = ReplyParser()
    found = [item for piece in pieces for item in parser.feed(piece)] + parser.finish()
    words = "".join(item for item in found if not isinstance(item, Emotion))
    return words, [item for item in found if isinstance(item, Emotion)]


@pytest.mark.parametrize(
    ("raw", "words", "emotions"),
    [
        ("<emotion=happy> Hello.", "Hello.", ["happy"]),
        ("<emotion=happy>Hello.", "Hello.", ["happy"]),
        ("  \n <EMOTION=Happy Hello.", "Hello.", ["happy"]),
        ("<emotion: sad> Oh.", "Oh.", ["sad"]),
        ('<emotion="shy"/> H-hi.', "H-hi.", ["shy"]),
        ("[happy] Hello.", "Hello.", ["happy"]),
        ("**[Happy]** Hello.", "Hello.", ["happy"]),
        ("(teasing) Well, well.", "Well, well.", ["teasing"]),
        ("[emotion: calm]\nThere.", "There.", ["calm"]),
        ("happy\nHello.", "Hello.", ["happy"]),
        ("Emotion: Serious\n\nListen.", "Listen.", ["serious"]),
        ("*surprised*\nOh!", "Oh!", ["surprised"]),
        ("<emotion=hangry> Food.", "Food.", []),
        ("<emotion=excited>Yes!", "Yes!", ["happy"]),
        ("<think>He greets me.</think>\n\n<emotion=happy> Hi.", "Hi.", ["happy"]),
        ("<think>\n\n</think>\n[calm] Hi.", "Hi.", ["calm"]),
        ("Hm.</think> Hi.", "Hm. Hi.", []),
        ("One. <emotion=sad>Two.", "One. Two.", ["sad"]),
        ("Bye.<emotion=hap", "Bye.", ["happy"][:0]),
        ("Bye. <emot", "Bye.", []),
        ("Hi<|im_end|>", "Hi", []),
        ("<emo<think>tion=happy>x", "x", ["happy"]),
        ("<emotion=happy, shy> Hi.", "Hi.", ["happy"]),
        ("<emotion=very happy> Hi.", "Hi.", ["happy"]),
        ("<emotion=happy/teasing>Hi.", "Hi.", ["happy"]),
        ('<emotion name="sad">Oh.</emotion>', "Oh.", ["sad"]),
        ("<emotion=happy我很好。", "我很好。", ["happy"]),
        ("<emotion=开心>我很好。", "我很好。", []),
        ("<emotion=happy\nHi.", "Hi.", ["happy"]),
        ("<emotion=happy>\r\nHi.", "Hi.", ["happy"]),
        ("[happy]\r\nHi.\r\n", "Hi.", ["happy"]),
        ("happy\r\nHi.", "Hi.", ["happy"]),
        ("\u3000<emotion=calm>\u00a0Hi.", "Hi.", ["calm"]),
        ("[happy] [sad] Hi.", "Hi.", ["happy", "sad"]),
        ("<emotion=happy><emotion=sad>Hi.", "Hi.", ["happy", "sad"]),
        ("<<emotion=sad>emotion=happy>Hi.", "Hi.", ["sad", "happy"]),
        ("<emo<emo<|x|>tion=sad>tion=happy>Hi.", "Hi.", ["sad", "happy"]),
        ("<think>never ends", "", []),
        ("<emotion=happy>", "", ["happy"]),
        ("[happy]", "", ["happy"]),
        ("[ſad] Oh.", "Oh.", ["sad"]),
    ],
)
def test_every_kind_of_tag_is_understood_and_taken_out(raw: str, words: str, emotions: list[str]) -> None:
    assert parse(raw) == (words, [Emotion(name) for name in emotions])
    assert parse(*raw) == (words, [Emotion(name) for name in emotions])


@pytest.mark.parametrize(
    "words",
    [
        "Happy to see you.",
        "happy birthday!",
        "[happy](https://example.org) is a link.",
        "[1] is a footnote.",
        "1 < 2 and 3 > 2",
        "a <",
        "Use <b>bold</b> and <em>this</em>.",
        "I feel <emotional> today.",
        "*sigh* Fine.",
        "- one\n- two",
        "# Title\n\ntext",
        "```c\nif (a<b) {}\n```",
        "Sad but true.",
        "Happy",
        "Calm.",
        "-------- a rule",
        "a < b\nc > d",
        "<3",
        "I <3 emotion=happy",
        "x <e",
        "a < e",
    ],
)
def test_words_that_only_look_like_tags_stay(words: str) -> None:
    assert parse(words) == (words, [])
    assert parse(*words)[0] == words


def test_a_first_line_is_a_word_where_the_feeling_is_known_already() -> None:
    parser = ReplyParser(named=True)
    assert [*parser.feed("Happy\nSad\nCalm"), *parser.finish()] == ["Happy\nSad\nCalm"]


def test_only_the_first_line_names_a_feeling() -> None:
    assert parse("happy\nsad\ncalm") == ("sad\ncalm", [Emotion.HAPPY])


def test_one_piece_of_text_gives_one_piece_of_words() -> None:
    assert ReplyParser().feed("Hello there, <emotion=sad>you.") == ["Hello there,", Emotion.SAD, " you."]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("start", ["", "x", "* ", "[", "<emotion=", "<think>"])
def test_a_model_that_runs_in_circles_does_not_freeze_the_window(start: str) -> None:
    began = time.thread_time()
    for piece in ("-", "- ", "*", " ", "\n", "<", "<emotion=", "<|a", "é"):
        parser = ReplyParser()
        parser.feed(start)
        for _ in range(1000):
            parser.feed(piece)
        parser.finish()
    assert time.thread_time() - began < 10


PIECES = st.sampled_from(
    ["<", ">", "</", "emotion", "=", "happy", "hap", "py", "think", "<think>", "</think>", "<emotion=", "[", "]", "(",
     "sad", " ", "\n", "*", "Hello", "em", "th", "<|", "|>", "im_end", ":", '"', "é", "田", "/",
     "\r\n", "\r", "\u00a0", "\u3000", "\u2028", "EMOTION", "thinking", "<emotion=happy>", "[happy]", "<|im_end|>", ",",
     "<emotion", "-", "#", "`", "ſ", "K", "İ"]
)  # fmt: skip
RAW = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@settings(max_examples=400)
@given(RAW, st.lists(st.integers(0, 80), max_size=12))
@example("<emo<think>tion=happy>", [4, 5])
@example("<EM", [])
@example("< th", [])
@example("<thk", [])
@example("<TH \r\r", [])
def test_however_it_is_cut_the_words_are_the_same_and_clean(raw: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    words, emotions = parse(raw)
    assert parse(*pieces) == (words, emotions)
    assert not SEEN.search(words)
    assert raw != raw.rstrip() or not HALF.search(words)  # white space shows that a "<th" was no tag
    assert words == words.strip()


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(exclude_characters="<[](*_#>\"'`-"), max_size=80))
def test_text_without_marks_is_never_touched(raw: str) -> None:
    first_line = raw.strip().split("\n")[0].strip().rstrip("_:.").lower().removeprefix("emotion").lstrip(" :=")
    if emotion_of(first_line) is None:
        assert parse(raw)[0] == raw.strip()


@settings(max_examples=200)
@given(RAW)
def test_pieces_given_out_are_never_empty_and_never_taken_back(raw: str) -> None:
    parser = ReplyParser()
    told = ""
    for letter in raw:
        for item in parser.feed(letter):
            if not isinstance(item, Emotion):
                assert item
                told += item
                assert not SEEN.search(told)
    assert parse(raw)[0].startswith(told)
