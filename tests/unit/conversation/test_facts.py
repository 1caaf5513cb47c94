from __future__ import annotations

import random
import re
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.choices import find_options
from alisa_desktop.conversation.facts import find_facts
from alisa_desktop.conversation.vocabulary import words
from alisa_desktop.core.messages import Fact, FactKind

MONDAY = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def facts(text: str, now: datetime = MONDAY, seed: int = 1) -> dict[FactKind, Fact]:
    found = find_facts(text, now, "study", random.Random(seed))
    assert len({fact.kind for fact in found}) == len(found)
    return {fact.kind: fact for fact in found}


def fact(kind: FactKind, text: str, now: datetime = MONDAY, seed: int = 1) -> str:
    found = facts(text, now, seed).get(kind)
    return found.text if found else ""


def test_time_and_mode_are_always_known_but_not_found() -> None:
    found = facts("hello")
    assert set(found) == {FactKind.TIME, FactKind.MODE}
    assert found[FactKind.TIME].text == "time: Monday 23 November 2026, 14:05"
    assert found[FactKind.MODE] == Fact(FactKind.MODE, "mode: study", asked=False, found=False)
    assert facts("what mode are you in")[FactKind.MODE].asked


def test_sums_and_conversions_are_facts() -> None:
    assert fact(FactKind.SUM, "whats 5x6") == "sum: 5 x 6 = 30"
    assert fact(FactKind.CONVERSION, "72f in c") == "conversion: 72 degrees Fahrenheit = 22.22 degrees Celsius"


@pytest.mark.parametrize(
    "text",
    ["flip a coin", "Toss a coin pls", "coin flip", "heads or tails?", "pick heads or tails", "can u flip me a coin"],
)
def test_a_coin_is_flipped(text: str) -> None:
    assert {fact(FactKind.COIN, text, seed=seed) for seed in range(20)} == {"coin: heads", "coin: tails"}
    assert FactKind.CHOICE not in facts(text)


@pytest.mark.parametrize(
    "text",
    [
        "i lost the coin toss",
        "we won a coin flip",
        "don't flip a coin",
        "i bought a bitcoin",
        "the coin flip was unfair",
    ],
)
def test_no_coin_is_flipped(text: str) -> None:
    assert FactKind.COIN not in facts(text)


@pytest.mark.parametrize(
    ("text", "count", "sides"),
    [
        ("roll a dice", 1, 6),
        ("roll the die for me", 1, 6),
        ("dice roll", 1, 6),
        ("roll some dice", 2, 6),
        ("roll two dice pls", 2, 6),
        ("roll a pair of dice", 2, 6),
        ("roll a couple of dice", 2, 6),
        ("roll a dice three times", 3, 6),
        ("roll 3d6", 3, 6),
        ("3d6", 3, 6),
        ("throw a d20", 1, 20),
        ("d20 for initiative", 1, 20),
        ("roll d7", 1, 7),
        ("roll a 20 sided die", 1, 20),
        ("roll two twelve-sided dice", 2, 12),
        ("roll a die with 12 sides", 1, 12),
        ("roll 500 dice", 10, 6),
        ("roll a six sided die, just roll a die", 1, 6),
        ("we lost the dice for our board game, roll a die", 1, 6),
    ],
)
def test_dice_are_rolled(text: str, count: int, sides: int) -> None:
    highest = 0
    for seed in range(150):
        rolled, _, together = fact(FactKind.DICE, text, seed=seed).removeprefix("dice: ").partition(", together ")
        numbers = [int(number) for number in re.findall(r"\d+", rolled)]
        assert len(numbers) == count
        assert together == (str(sum(numbers)) if count > 1 else "")
        assert min(numbers) >= 1
        highest = max(highest, *numbers)
    assert highest == sides


@pytest.mark.parametrize(
    "text",
    [
        "i have two dice",
        "roll over and die",
        "shake it till i die",
        "my dice roll was bad",
        "don't roll a die",
        "vitamin d10",
    ],
)
def test_no_dice_are_rolled(text: str) -> None:
    assert FactKind.DICE not in facts(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("random number", 1, 100),
        ("give me a random number pls", 1, 100),
        ("pick one number", 1, 100),
        ("pick a number between 1 and 10", 1, 10),
        ("pick a number from one to five", 1, 5),
        ("random number 1-6", 1, 6),
        ("pick between 1 and 3", 1, 3),
        ("number please, say a number from 10 to 5", 5, 10),
        ("pick a number between -3 and 3", -3, 3),
        ("a random number between 999,998 and 1,000,000", 999_998, 1_000_000),
        ("random number up to 4", 1, 4),
        ("random number under 5", 1, 4),
        ("random number below 0", -100, -1),
        ("pick a number above 98", 99, 198),
        ("random 4 digit number", 1000, 9999),
        ("pick a single digit number", 1, 9),
    ],
)
def test_a_number_is_drawn_from_its_range(text: str, low: int, high: int) -> None:
    drawn = Counter(int(fact(FactKind.NUMBER, text, seed=seed).removeprefix("number: ")) for seed in range(200))
    assert all(low <= number <= high for number in drawn)
    if high - low < 12:
        assert set(drawn) == set(range(low, high + 1))


@pytest.mark.parametrize(
    "text",
    [
        "give me your number",
        "tell me your phone number",
        "what's my favourite number",
        "a random number texted me",
        "i got a call from some random number",
        "name a number one hit",
        "tell me the number of planets",
        "pick an even number",
        "i'm thinking of a number",
        "let me choose between two weird things",
    ],
)
def test_no_number_is_drawn(text: str) -> None:
    assert FactKind.NUMBER not in facts(text)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("pizza or sushi?", "pizza|sushi"),
        ("Tea or Coffee", "Tea|Coffee"),
        ("tea, coffee or cocoa", "tea|coffee|cocoa"),
        ("coke or pepsi or water?", "coke|pepsi|water"),
        ("android vs iphone", "android|iphone"),
        ("hey alisa, tacos or ramen tonight?", "tacos|ramen"),
        ("i'm so hungry. pizza or sushi?", "pizza|sushi"),
        ("lisbon or rome for my holiday", "lisbon|rome"),
        ("should i study or sleep", "study|sleep"),
        ("should i study or sleep? i'm tired", "study|sleep"),
        ("do you think i should study or sleep", "study|sleep"),
        ("should i get the red one, the blue one or the green one?", "the red one|the blue one|the green one"),
        ("should i order in or cook", "order in|cook"),
        ("should i eat now or later", "eat now|later"),
        ("shall we play chess or cards", "chess|cards"),
        ("do i take the train or the car", "the train|the car"),
        ("should i text him or wait", "text him|wait"),
        ("pick between sushi, tacos and ramen", "sushi|tacos|ramen"),
        ("choose between the zoo and the museum", "the zoo|the museum"),
        ("stuck between math and physics, help", "math|physics"),
        ("between tea and coffee, which one?", "tea|coffee"),
        ("pick one: red, blue, green", "red|blue|green"),
        ("help me choose: beach or mountains", "beach|mountains"),
        ("i can't decide: tea or coffee", "tea|coffee"),
        ("decide for me: clean or procrastinate", "clean|procrastinate"),
        ("which one, gold or silver", "gold|silver"),
        ("which is better mac or windows", "mac|windows"),
        ("what's better, tea or coffee?", "tea|coffee"),
        ("what should i eat, eggs or cereal", "eggs|cereal"),
        ("soup or sandwich, choose for me", "soup|sandwich"),
        ("left or right? you decide", "left|right"),
        ("[tea] or [coffee]", "tea|coffee"),
        ("İstanbul or Ankara", "İstanbul|Ankara"),
    ],
)
def test_a_choice_has_its_options(text: str, options: str) -> None:
    assert "|".join(find_options(text)) == options
    if options:
        drawn = {fact(FactKind.CHOICE, text, seed=seed).removeprefix("choice: ") for seed in range(60)}
        assert drawn == set(options.split("|"))


@pytest.mark.parametrize(
    "text",
    [
        "are you a bot or a human",
        "human or robot?",
        "real or fake",
        "person or machine, pick one",
        "should i say he or she",
        "is it good or bad",
        "do it or not",
        "should i go or not",
        "yes or no?",
        "this or that",
        "truth or dare",
        "can we play truth or dare",
        "trick or treat",
        "either or game",
        "day off and no plan, help",
        "long and bad day, don't ask",
        "finished my song, mixed and all",
        "can i ask or are you busy",
        "can i tell you secrets or will you leak them",
        "do you want tea or coffee",
        "i like tea or coffee",
        "give me a minute or two",
        "what is a metaphor vs a simile",
        "which came first, the fork or the chopstick",
        "which way do i drive in ireland, left or right",
        "shower thought: socks have no left or right",
        "tea or coffee. " + "blah " * 200,
        "or",
        "or or or",
    ],
)
def test_a_look_alike_is_no_choice(text: str) -> None:
    assert find_options(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "should i live or die",
        "should i kill myself or keep going",
        "should i take my pills or stop",
        "therapy or medication, you choose",
        "should i call an ambulance or wait",
        "should i keep going or give up",
    ],
)
def test_chance_does_not_decide_where_it_could_harm(text: str) -> None:
    assert find_options(text) == []


def day(text: str, *now: int) -> str:
    at = datetime(*now, tzinfo=UTC) if now else MONDAY  # type: ignore[arg-type, misc]  # year, month, day
    return fact(FactKind.DAYS, text, at)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("how many days until christmas", "Christmas: 32"),
        ("how long till xmas", "Christmas: 32"),
        ("how long 'til christmas eve", "Christmas Eve: 31"),
        ("days until new year's eve", "New Year's Eve: 38"),
        ("how many weeks until new year", "New Year: 39"),
        ("how many days until new year’s eve", "New Year's Eve: 38"),
        ("when is it christmas", "Christmas: 32"),
        ("how long until halloween", "Halloween: 342"),
        ("days to valentines", "Valentine's Day: 83"),
        ("how many days until st patricks day", "St. Patrick's Day: 114"),
        ("how long until april fools", "April Fools' Day: 129"),
        ("days until 3 december", "3 December: 10"),
        ("days until the 3rd of December", "3 December: 10"),
        ("how many days until march 5th", "5 March 2027: 102"),
        ("how many days until mar 5, 2028", "5 March 2028: 468"),
        ("how many days until 2027-03-05", "5 March 2027: 102"),
        ("how many days until today, 23 november", ""),
        ("how many days until 23 november", "23 November: 0"),
        ("how many days till the 1st", "1 December: 8"),
        ("how long to october", "October: 312"),
        ("how long till friday", "Friday: 4"),
        ("how long till fri", "Friday: 4"),
        ("how many days till next wednesday", "Wednesday: 2"),
        ("how many days until monday", "Monday: 7"),
        ("how long till the weekend", "the weekend: 5"),
        ("how long do i have to wait, how long until friday", "Friday: 4"),
    ],
)
def test_days_are_counted(text: str, told: str) -> None:
    assert day(text) == (f"days until {told}" if told else "")


def test_days_are_counted_over_the_end_of_a_year_and_leap_days() -> None:
    assert day("how long until new year", 2026, 12, 31) == "days until New Year: 1"
    assert day("how long until new year", 2027, 1, 1) == "days until New Year: 0"
    assert day("how long until christmas", 2026, 12, 26) == "days until Christmas: 364"
    assert day("how long until christmas", 2027, 12, 26) == "days until Christmas: 365"
    assert day("how many days until march 1", 2028, 2, 28) == "days until 1 March: 2"
    assert day("how many days until march 1", 2027, 2, 28) == "days until 1 March: 1"
    assert day("how many days until february 29", 2026, 11, 23) == "days until 29 February 2028: 463"
    assert day("how many days until 29 feb", 2097, 1, 1) == "days until 29 February 2104: 2614"


def test_the_weekend_is_now_on_saturday() -> None:
    assert day("how long until the weekend", 2026, 11, 28) == "days until the weekend: 0"
    assert day("how long until the weekend", 2026, 11, 29) == "days until the weekend: 6"
    assert day("how long until sunday", 2026, 11, 29) == "days until Sunday: 7"


@pytest.mark.parametrize(
    "text",
    [
        "how many days until my birthday",
        "how long until christmas break",
        "how long until summer",
        "when is halloween",
        "how long until mayonnaise goes bad",
        "how long does it take to march across france",
        "how many days until 31 june",
        "how many days until june 31",
        "how many days until 2020-01-01",
        "how many days until 3 december 2020",
        "how long till chinese new year",
        "how long until friday the 13th",
        "they let me go two weeks before christmas",
        "only 3 days until christmas!",
        "how long until 5 marathons are done",
        "days until 2027-13-45",
        "christmas",
    ],
)
def test_no_days_are_counted(text: str) -> None:
    assert day(text) == ""


ASKING = words("roll d6 2d pick a number between 1 and -5 or , ? tea how long until may 29 feb 0 digit")


@given(st.text() | st.lists(st.sampled_from(ASKING)).map(" ".join))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(found.text for found in find_facts(text, MONDAY, "study", random.Random(1)))


@pytest.mark.parametrize(
    "part",
    [
        "a or ", "1+", "how many ", "how long to ", "days until ", "pick between ", "should i ", "roll a ", "random ",
        "what is ", "hm", "ok ", ", ", "!", "-1", "is ", "a, ", "flip ", "x", " ", "\n", "half of ",
    ],
)  # fmt: skip
def test_a_long_message_is_read_quickly(part: str) -> None:
    text = part * (10_000 // len(part))
    began = time.thread_time()
    find_facts(text, MONDAY, "study", random.Random(1))
    assert time.thread_time() - began < 0.7


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (["flip a coin", "again"], FactKind.COIN),
        (["flip a coin", "again", "one more pls"], FactKind.COIN),
        (["toss a coin for me", "best of three"], FactKind.COIN),
        (["roll a d20", "roll again!"], FactKind.DICE),
        (["pick a number between 1 and 10", "another number"], FactKind.NUMBER),
        (["pizza or sushi?", "choose again"], FactKind.CHOICE),
    ],
)
def test_again_asks_chance_again(said: list[str], kind: FactKind) -> None:
    *before, text = said
    assert kind in {fact.kind for fact in find_facts(text, MONDAY, "study", random.Random(1), before)}


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (["tell me a joke"], "again"),
        (["flip a coin", "tell me a joke"], "again"),
        (["flip a coin"], "again and again he says that"),
        ([], "again"),
        (["2 + 2"], "plus he is mean"),
        (["hello"], "plus 10"),
        ([], "plus 10"),
    ],
)
def test_nothing_goes_on_where_nothing_began(before: list[str], text: str) -> None:
    assert not [fact for fact in find_facts(text, MONDAY, "study", random.Random(1), before) if fact.found]


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (["what's 7 times 8", "plus 10"], "sum: 56 + 10 = 66"),
        (["what's 7 times 8", "plus 10", "ok and divide that by 3?"], "sum: 66 / 3 = 22"),
        (["2+2", "- five"], "sum: 4 - 5 = -1"),
        (["2+2", "multiply it by 3"], "sum: 4 x 3 = 12"),
        (["2+2", "and 9 + 9"], "sum: 9 + 9 = 18"),
    ],
)
def test_a_sum_goes_on(said: list[str], result: str) -> None:
    *before, text = said
    found = find_facts(text, MONDAY, "study", random.Random(1), before)
    assert result in {fact.text for fact in found}


@pytest.mark.timeout(60)
def test_a_long_chain_of_sums_ends_somewhere() -> None:
    found = find_facts("plus 1", MONDAY, "study", random.Random(1), ["1 + 1", *["plus 1"] * 5000])
    assert not [fact for fact in found if fact.kind is FactKind.SUM]
    assert find_facts("again " * 200_000, MONDAY, "study", random.Random(1), ["flip a coin"])
