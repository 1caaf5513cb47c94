from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.acquaintance import SAID_WITH, Acquaintance
from alisa_desktop.conversation.vocabulary import words
from alisa_desktop.core.messages import Fact, FactKind


def after(*texts: str) -> Acquaintance:
    user = Acquaintance()
    for turn, text in enumerate(texts):
        user.hear(str(turn), text)
    return user


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is Leo", "Leo"),
        ("my name is leo", "Leo"),
        ("My Name Is LEO", "LEO"),
        ("my name is Leo.", "Leo"),
        ("my name is leo...what's yours?", "Leo"),
        ("my name is leo and im 12", "Leo"),
        ("my name is actually Max", "Max"),
        ("my real name is Anna Maria", "Anna Maria"),
        ("my name's Leo, what's yours", "Leo"),
        ("my name’s Leo", "Leo"),
        ("my name: Leo", "Leo"),
        ("my name? its bob", "Bob"),
        ("my nickname is Ziggy", "Ziggy"),
        ("the name is Bond", "Bond"),
        ("name's 田中", "田中"),
        ("hi names Leo lol", "Leo"),
        ("my name is jérôme and im from france", "Jérôme"),
        (unicodedata.normalize("NFD", "my name is Jérôme"), "Jérôme"),
        ("my name is प्रिया", "प्रिया"),
        ("my name is Nguyễn Văn", "Nguyễn Văn"),
        ("my name is O’Neill", "O’Neill"),
        ("my name is xX_leo_Xx", "XX_leo_Xx"),
        ("call me Max btw", "Max"),
        ("call me Dr. Evil", "Dr. Evil"),
        ("could you call me Kim?", "Kim"),
        ("you can call me Captain", "Captain"),
        ("my friends call me Billie Jo so you can too", "Billie Jo"),
        ("i want you to call me Ace", "Ace"),
        ("everyone calls me Sam", "Sam"),
        ("they named me Otto after my grandfather", "Otto"),
        ("people know me as Neo", "Neo"),
        ("i go by Robin", "Robin"),
        ("i'm called Ida", "Ida"),
        ("Hi, I'm Leo!", "Leo"),
        ("hey alisa, i'm Leo", "Leo"),
        ("Im Kai nice to meet you", "Kai"),
        ("I'm Leo, who are you?", "Leo"),
        ("I'm Leo and I like trains", "Leo"),
        ("Hello I am Anna Maria Schmidt", "Anna Maria Schmidt"),
        ("I'm Łukasz", "Łukasz"),
        ("Hi. I'm Ольга", "Ольга"),
        ("It's Leo", "Leo"),
        ("This is Mara speaking", "Mara"),
        ("i was never introduced, i'm Wren", "Wren"),
        ("Leo here", "Leo"),
        ("hey, Leo here", "Leo"),
    ],
)
def test_a_name_is_heard(text: str, name: str) -> None:
    user = after(text)
    assert user.name == name
    assert user.facts(text) == [Fact(FactKind.NAME, f"name: {name}", asked=True, found=True)]


@pytest.mark.parametrize(
    "text",
    [
        "my name is not important",
        "my name isn't Leo",
        "my name is weird",
        "my name is pronounced differently",
        "my name is spelled with a k",
        "my name is a secret",
        "my name is none of your business",
        "what's my name?",
        "remember my name please",
        "my cat's name is Whiskers",
        "my dog's name's Rex",
        "her name's Anna",
        "his name is Bob",
        "my last name is Smith",
        "call me later",
        "call me back",
        "call me maybe",
        "call me tomorrow",
        "call me an ambulance",
        "call me at 5",
        "call me crazy",
        "call me please",
        "call me names",
        "don't call me baby",
        "never call me Leo",
        "did you just call me fat",
        "why did he call me Karen",
        "what do you call me",
        "my ex calls me greedy",
        "im leo",
        "i'm tired",
        "I'm Sad",
        "I'm Tired.",
        "I'm German",
        "I am French and proud",
        "I'm Going home",
        "I'm OK",
        "I'm ADHD",
        "It's Monday",
        "It's Christmas!",
        "This is Great",
        "Same here",
        "Nothing here",
        "i go by bus",
        "you can call me The Boss",
        "i'm called a liar",
        "hello",
        "",
    ],
)
def test_a_look_alike_is_no_name(text: str) -> None:
    assert after(text).name == ""


@pytest.mark.parametrize("text", ["what's my name?", "do you remember my name", "who am i", "what do you call me?"])
def test_a_name_is_asked_for(text: str) -> None:
    assert after().facts(text) == []
    assert after("call me Leo").facts(text) == [Fact(FactKind.NAME, "name: Leo", asked=True, found=False)]


def test_a_name_is_known_but_not_asked_for_with_other_messages() -> None:
    assert after("call me Leo").facts("hello") == [Fact(FactKind.NAME, "name: Leo", asked=False, found=False)]


def test_the_latest_name_counts_until_it_is_forgotten() -> None:
    user = after("my name is Leo", "hello", "call me Max")
    assert user.name == "Max"
    user.hear("3", "my name is not important")
    assert user.name == "Max"
    user.forget("2")
    assert user.name == "Leo"
    user.hear("0", "hello")  # the same turn with other words
    assert user.name == ""
    user.hear("0", "my name is Leo")
    user.forget("7")
    user.forget()
    assert user.name == ""


@pytest.mark.parametrize(
    ("text", "thing", "value"),
    [
        ("my favorite color is green", "colour", "green"),
        ("my favourite colour is still green", "colour", "green"),
        ("my favorite colors are red and blue", "colour", "red and blue"),
        ("my favourite colour: green", "colour", "green"),
        ("MY FAVOURITE COLOUR IS Green!", "colour", "Green"),
        ("my fav movie is spirited away lol", "film", "spirited away"),
        ("my fave dish is mac and cheese", "food", "mac and cheese"),
        ("my favourite meal has to be fish and chips because of my grandma", "food", "fish and chips"),
        ("my favorite game is hades and i play it daily", "game", "hades"),
        ("my favourite game right now is hades", "game", "hades"),
        ("my all time favourite band is abba", "band", "abba"),
        ("my new favourite song is yesterday, what's yours", "song", "yesterday"),
        ("my favourite snack is popcorn wbu", "snack", "popcorn"),
        ("my favourite sport is running", "sport", "running"),
        ("my favourite series is the office", "series", "the office"),
        ("you know my favourite colour is green", "colour", "green"),
        ("pizza is my favourite food", "food", "pizza"),
        ("i think pizza is my favourite food", "food", "pizza"),
        ("pizza is still my fav food no contest", "food", "pizza"),
        ("horses are my favourite animals", "animal", "horses"),
        ("my roomba is my favorite robot now", "robot", "my roomba"),
        ("halloween is my favourite day of the year", "day of the year", "halloween"),
        ("guess what. ramen is my favourite food", "food", "ramen"),
        ("my favourite colour is [green]", "", ""),
    ],
)
def test_a_favourite_is_heard(text: str, thing: str, value: str) -> None:
    user = after(text)
    assert user.favourite(thing) == value
    told = [Fact(FactKind.FAVOURITE, f"favourite {thing}: {value}")] if thing else []
    assert user.facts(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "what's my favorite song?",
        "what is my favourite food again",
        "my favourite mug is broken",
        "my favourite show is on tonight",
        "my favourite song is so good",
        "my favourite team is losing",
        "my favourite colour isn't green",
        "my favourite colour is not green",
        "my least favourite food is liver",
        "this is my favourite song",
        "you are my favourite person",
        "pizza isn't my favourite food",
        "rewatching my favourite show from when i was twelve",
        "my favourite is blue",
    ],
)
def test_a_look_alike_is_no_favourite(text: str) -> None:
    assert after(text).facts(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "whats my fav color",
        "what is my favourite colour again",
        "do you remember my favourite colour?",
        "what are my favourite colours? tell me",
        "guess my favorite color",
        "do you know what my favourite colour is",
    ],
)
def test_a_favourite_is_asked_for(text: str) -> None:
    assert after("my favourite food is ramen").facts(text) == []
    told = [Fact(FactKind.FAVOURITE, "favourite colour: green")]
    assert after("my favourite colour is green", "my favourite food is ramen").facts(text) == told


def test_the_latest_favourite_counts_and_one_message_may_tell_two() -> None:
    user = after("my favourite colour is green and my favourite food is ramen", "my favourite colour is red")
    assert (user.favourite("colour"), user.favourite("food"), user.favourite("song")) == ("red", "ramen", "")
    user.forget("1")
    assert user.favourite("colour") == "green"
    user.hear("2", "my favourite colour is red, no wait, my favourite colour is blue")
    assert user.favourite("colour") == "blue"


def test_a_long_value_ends_with_a_whole_word() -> None:
    value = after("my favourite book is " + "something long " * 20).favourite("book")
    assert len(value) <= 60
    assert value.split()[-1] in ("something", "long")


@pytest.mark.parametrize("text", ["my name is Leo", "call me Leo", "everyone calls me Leo", "my fav food is ramen"])
def test_the_memory_can_find_what_was_told(text: str) -> None:
    assert any(said in text for said in SAID_WITH)


TELLING = words("my name is Leo call me i'm I'm fav food favourite what here and , . ?")


@given(st.text() | st.lists(st.sampled_from(TELLING)).map(" ".join))
def test_no_text_is_too_strange(text: str) -> None:
    user = after(text)
    assert all(fact.text.strip() == fact.text for fact in user.facts(text))
    assert "\n" not in user.name


@pytest.mark.parametrize(
    "part",
    [
        "my name is ",
        "call me ",
        "what ",
        "my favourite ",
        "my fav a ",
        "i'm ",
        "is my fav ",
        "A ",
        "hi ",
        ". ",
        "a",
        " ",
        "'",
    ],
)
def test_a_long_message_is_read_quickly(part: str) -> None:
    text = part * (10_000 // len(part))
    began = time.thread_time()
    after(text).facts(text)
    assert time.thread_time() - began < 0.7
