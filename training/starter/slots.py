"""Facts for training: what the app would compute, made up at random."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alisa_desktop.conversation.arithmetic import find_sum
from alisa_desktop.conversation.facts import find_facts
from alisa_desktop.conversation.units import find_conversion
from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.persona.prompt import time_note
from training.starter.corpus import HERE

KIND_OF_SLOT: Mapping[str, FactKind] = {
    "name": FactKind.NAME,
    "thing": FactKind.FAVOURITE,
    "value": FactKind.FAVOURITE,
    "clock": FactKind.TIME,
    "weekday": FactKind.TIME,
    "date": FactKind.TIME,
    "problem": FactKind.SUM,
    "result": FactKind.SUM,
    "coin": FactKind.COIN,
    "dice": FactKind.DICE,
    "number": FactKind.NUMBER,
    "from": FactKind.CONVERSION,
    "to": FactKind.CONVERSION,
    "choice": FactKind.CHOICE,
    "days": FactKind.DAYS,
    "event": FactKind.DAYS,
    "mode": FactKind.MODE,
    "app": FactKind.SCREEN,
    "title": FactKind.SCREEN,
    "told": FactKind.TOLD,
}
"""Which note brings the value of a slot."""

LACKS: Mapping[str, FactKind] = {
    "name-unknown": FactKind.NAME,
    "favourite-unknown": FactKind.FAVOURITE,
    "days-unknown": FactKind.DAYS,
    "screen-unknown": FactKind.SCREEN,
    "choose-unclear": FactKind.CHOICE,
}
"""Topics for what was asked but is not known."""


def _lists() -> dict[str, list[str]]:
    """The lists of `values.txt` by their names."""
    lists: dict[str, list[str]] = {}
    for line in (HERE / "values.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            lists[line.strip("[]")] = []
        elif not line.startswith("#"):
            lists[next(reversed(lists))].append(line)
    return lists


_LISTS = _lists()
_ACCENTED = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßćčďěğłńňőřśşšťůűźżžÉÖÜÅØÇŠŽ"
_SCRIPTS = (("а", "я"), ("α", "ω"), ("ぁ", "ん"), ("一", "龥"), ("가", "힣"), ("ا", "ي"))
_ENDINGS = ("", "", "", ".py", ".rs", ".docx", ".pdf", ".txt", ".md", ".js", ".xlsx", ".png")


class Facts:
    """Makes up facts; `words` are what random values are put together from."""

    def __init__(self, rng: random.Random, words: Sequence[str]) -> None:
        self._rng = rng
        self._words = words

    def name(self) -> str:
        """A name: half of them real ones, half letters, so that names are copied and not known by heart."""
        if self._rng.random() < 0.5:
            return self._rng.choice(_LISTS["names"])
        return self._letters().capitalize()

    def _letters(self) -> str:
        rng = self._rng
        syllables = (
            rng.choice(_LISTS["beginnings"]) + rng.choice(_LISTS["middles"]) + rng.choice([""] * 2 + _LISTS["ends"])
            for _ in range(rng.randint(1, 3))
        )
        return "".join(syllables)

    def _foreign(self) -> str:
        """A word with letters that English has not: what a user is called or quoted with has to be spoken, too."""
        rng = self._rng
        if rng.random() < 0.7:
            accented = rng.choice(_ACCENTED)
            letters = list(self._letters())
            letters[rng.randrange(len(letters))] = accented
            return "".join(letters)
        first, last = rng.choice(_SCRIPTS)
        return "".join(chr(rng.randint(ord(first), ord(last))) for _ in range(rng.randint(1, 6)))

    def phrase(self, longest: int = 3) -> str:
        """One to `longest` words, some of them invented."""
        count = self._rng.randint(1, longest)
        words = [self._letters() if self._rng.random() < 0.3 else self._rng.choice(self._words) for _ in range(count)]
        phrase = " ".join(words)
        return phrase.title() if self._rng.random() < 0.25 else phrase

    def drill(self) -> str:
        """A line of nothing in particular: words, letters and numbers, so that every line can be spoken."""
        rng = self._rng
        parts = []
        for _ in range(rng.randint(1, 14)):
            kind = rng.random()
            if kind < 0.6:
                part = rng.choice(self._words)
            elif kind < 0.8:
                part = self._letters()
            elif kind < 0.86:
                part = self._foreign()
            else:
                part = str(rng.randint(0, 10 ** rng.randint(1, 7)) / rng.choice((1, 1, 1, 10, 100))).removesuffix(".0")
            part = part.capitalize() if rng.random() < 0.15 else part
            parts.append(part + rng.choice(("", "", "", "", "", ",", ".", "?", "!", ":", "...", "-", '"', "'s")))
        return " ".join(parts)

    def moment(self) -> datetime:
        """Some minute of these years."""
        return datetime(2025, 1, 1) + timedelta(minutes=self._rng.randrange(6 * 365 * 24 * 60))

    def make(self, kind: FactKind, mode: str, text: str = "") -> Fact:
        """A fact of this kind; if the message `text` brings one itself, that one, as far as its value is sure."""
        rng = self._rng
        match kind:
            case FactKind.SUM | FactKind.CONVERSION | FactKind.DAYS | FactKind.DICE | FactKind.NUMBER | FactKind.CHOICE:
                found = [fact for fact in find_facts(text, self.moment().astimezone(), mode, rng) if fact.kind is kind]
                return found[0] if found and rng.random() < 0.7 else Fact(kind, self._invented(kind))
            case FactKind.TIME:
                note = time_note(self.moment())
            case FactKind.COIN:
                note = f"coin: {rng.choice(('heads', 'tails'))}"
            case FactKind.MODE:
                note = f"mode: {mode}"
            case FactKind.NAME:
                note = f"name: {self.name()}"
            case FactKind.FAVOURITE:
                thing = rng.choice(_LISTS["things"]) if rng.random() < 0.7 else self.phrase(2).lower()
                note = f"favourite {thing}: {self.phrase()}"
            case FactKind.TOLD:
                note = f"told: {self.phrase(6)}"
            case FactKind.SCREEN:
                app = rng.choice(_LISTS["apps"]) if rng.random() < 0.7 else self.phrase(2).title()
                title = f"{self.phrase()}{rng.choice(_ENDINGS)}"
                return Fact(kind, f"screen: {app} - {title}", values={"app": app, "title": title})
        return Fact(kind, note)

    def _invented(self, kind: FactKind) -> str:
        rng = self._rng
        match kind:
            case FactKind.SUM:
                a, b = (rng.choice((rng.randint(0, 20), rng.randint(0, 100), rng.randint(0, 9999))) for _ in "ab")
                found = find_sum(f"{a} {rng.choice('+-*/+-*')} {b}") or find_sum("1 + 1")
                assert found
                return f"sum: {found[0]} = {found[1]}"
            case FactKind.CONVERSION:
                while True:
                    pattern = rng.choice(_LISTS["conversions"])
                    if found := find_conversion(pattern.format(rng.choice((rng.randint(1, 20), rng.randint(1, 500))))):
                        return f"conversion: {found[0]} = {found[1]}"
            case FactKind.DAYS:
                return f"days until {rng.choice(_LISTS['events'])}: {rng.randint(0, 365)}"
            case FactKind.DICE:
                return find_facts(
                    f"roll {rng.randint(1, 3)}d{rng.choice((6, 20, 6, 100))}", datetime.now().astimezone(), "", rng
                )[-1].text
            case FactKind.NUMBER:
                return f"number: {rng.choice((rng.randint(1, 10), rng.randint(1, 100), rng.randint(1, 99999)))}"
        return f"choice: {self.phrase()}"
