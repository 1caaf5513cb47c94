"""Which application is in front, in words for people, and whether it is one that is never looked at.

Everything here is asked about what other programs say of themselves (a name, a title), so any text gets its answer
within a moment: texts are only compared, and nothing is ever tried in a second way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from alisa_desktop.core.sight import AppKind

READ = 1_000
"""Characters read of either end of a text; whether its window is private, a browser says at the end."""
NAME_LENGTH = 60
"""Characters of a program's own name that are told to anybody."""
NAMELESS = "an application"

_SECTION = re.compile(r"\[([a-z]+(?: titles)?)\]")
_COMMAS = re.compile(r"[,;\n，、؛،]")
_WORD = re.compile(r"[^\W_]+")
_WORD_PATTERN = re.compile(r"(?:[^\W_]|\*)+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_FILLERS = re.compile("[\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, signs and marks that show nothing."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul: no spaces between words, or endings that cling to them."""
_FOLDER = re.compile(r".*[/\\](?=[^/\\])")
_ENDING = re.compile(r"(?:\.exe|\.app|\.bin|\.appimage|-wrapped)$", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?:[\w-]+\.){2,}[\w+-]+")
"""How systems name applications, like org.gnome.Nautilus."""
_BETWEEN = re.compile(r" [-–—|·•:] ")
_COUNTER = re.compile(r"(?:\(\d{1,4}\+?\)|[•●*]) ?")
"""What sites put in front of their names when something is unread."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A text in which `*` stands for anything; comparing takes time in proportion to what it is compared with."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> Self:
        """Read a pattern; nothing but `*` is special."""
        return cls(tuple(pattern.split("*")))

    def matches(self, text: str) -> bool:
        """Whether all of `text` is like this."""
        if len(self.parts) == 1:
            return text == self.parts[0]
        first, *middle, last = self.parts
        at, end = len(first), len(text) - len(last)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return False
        for part in middle:  # the first place found is as good as any later one
            if (found := text.find(part, at, end)) < 0:
                return False
            at = found + len(part)
        return True


def plain(text: str) -> str:
    """`text` as it is compared: lower case, single spaces, without accents, unseen signs and odd forms of letters."""
    if len(text) > 2 * READ:
        text = f"{text[:READ]} {text[-READ:]}"
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _FILLERS.sub("", text).casefold())
        text = unicodedata.normalize("NFKC", _ACCENTS.sub("", text))
    return _seen(text.casefold())


def _seen(text: str) -> str:
    """`text` with single spaces and without what cannot be seen (formats, controls)."""
    visible = (sign for sign in text if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf"))
    return " ".join("".join(visible).split())


# Applications


def _program(app: str) -> str:
    """A program's name without its folder and its file's ending."""
    name = _FOLDER.sub("", _seen(app[: 2 * READ]).rstrip("/\\")).removeprefix(".")
    while (bare := _ENDING.sub("", name)) != name:
        name = bare
    return name


def _names(app: str) -> tuple[str, ...]:
    """What the program is looked up as: its whole name, and the parts of an identifier (the last tells the most)."""
    name = plain(_program(app))
    return (name, *reversed(name.split(".")[1:])) if _IDENTIFIER.fullmatch(name) else (name,)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """The lines that say something, each with the section it stands in."""
    section = ""
    for line in filter(None, map(str.strip, text.removeprefix("\ufeff").splitlines())):
        if found := _SECTION.fullmatch(line):
            section = found[1]
        elif not line.startswith("#"):
            yield section, line


def _patterns(line: str) -> Iterator[str]:
    return filter(None, map(str.strip, line.split(",")))


@dataclass(frozen=True, slots=True)
class App:
    """A known application: its name for people and what it is."""

    name: str
    kind: AppKind


@dataclass(frozen=True, slots=True)
class Apps:
    """Knows applications by their programs' names, and sites by what a browser's title says. Any thread may ask."""

    exact: dict[str, App]
    similar: tuple[tuple[Wildcard, App], ...]
    sites: tuple[tuple[Wildcard, AppKind], ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file like `resources/vision/apps.txt`; raises `OSError`, and what `parse` does."""
        return cls.parse(path.read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the list; its own comments say how it is written.

        Where two lines match a program, one without `*` wins, then the first. Raises `ValueError` for a line that is
        not written like that.
        """
        exact: dict[str, App] = {}
        similar: list[tuple[Wildcard, App]] = []
        sites: list[tuple[Wildcard, AppKind]] = []
        for section, line in _lines(text):
            kind = _kind(section.removesuffix(" titles"))
            if section.endswith(" titles"):
                sites += [(Wildcard.of(plain(site)), kind) for site in _patterns(line)]
                continue
            programs, _, name = line.partition(" = ")
            if not name.strip():
                raise ValueError(f"no name for people: {line}")
            app = App(name.strip(), kind)
            for program in map(plain, _patterns(programs)):
                if "*" in program:
                    similar.append((Wildcard.of(program), app))
                else:
                    exact.setdefault(program, app)
        return cls(exact, tuple(similar), tuple(sites))

    def kind_of(self, app: str, title: str) -> AppKind:
        """What sort of application has this name; for a web browser, what sort of site its `title` tells."""
        known = self._find(app)
        if not known:
            return AppKind.OTHER
        return self._site(title) if known.kind is AppKind.BROWSER else known.kind

    def name_of(self, app: str) -> str:
        """The application's name for people: from the list, else the program's own, tidied and cut."""
        known = self._find(app)
        return known.name if known else _tidy(app)

    def _find(self, app: str) -> App | None:
        names = _names(app)
        known = next((self.exact[name] for name in names if name in self.exact), None)
        return known or next((like for pattern, like in self.similar if any(map(pattern.matches, names))), None)

    def _site(self, title: str) -> AppKind:
        for part in reversed(_BETWEEN.split(plain(title))):  # the site signs last, the page comes first
            told = _COUNTER.sub("", part, count=1) if _COUNTER.match(part) else part
            for site, kind in self.sites:
                if site.matches(told):
                    return kind
        return AppKind.BROWSER


def _kind(section: str) -> AppKind:
    try:
        return AppKind[section.upper()]
    except KeyError:
        raise ValueError(f"no kind of application: {section or 'a line without one'}") from None


def _tidy(app: str) -> str:
    program = _program(app)
    own = program.rpartition(".")[2] if _IDENTIFIER.fullmatch(program) else program
    name = " ".join(re.sub("[_-]+", " ", own).split())
    if name.islower():
        name = name[:1].upper() + name[1:]
    return name[:NAME_LENGTH].rstrip() or NAMELESS


# What is never looked at


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in three forms: its words, the words between spaces, and without any space."""

    words: tuple[str, ...]
    spaced: str
    solid: str

    @classmethod
    def of(cls, text: str) -> Self:
        words = tuple(_WORD.findall(plain(text)))
        return cls(words, f" {' '.join(words)} ", "".join(words))


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that a text may have in this order; `anywhere` for those that don't stand apart from others."""

    rule: str
    words: tuple[Wildcard, ...]
    literal: str
    anywhere: Wildcard | None

    @classmethod
    def of(cls, rule: str) -> Self | None:
        """Read a rule; None when it has no words."""
        words = _WORD_PATTERN.findall(plain(rule))
        solid = Wildcard.of(f"*{''.join(words)}*") if _UNSPACED.search("".join(words)) else None
        literal = "" if any("*" in word for word in words) else f" {' '.join(words)} "
        return cls(rule, tuple(map(Wildcard.of, words)), literal, solid) if words else None

    def found_in(self, text: _Text) -> bool:
        if self.anywhere:
            return self.anywhere.matches(text.solid)
        if self.literal:
            return self.literal in text.spaced
        starts = range(len(text.words) - len(self.words) + 1)
        return any(self._are(text.words[start : start + len(self.words)]) for start in starts)

    def _are(self, words: tuple[str, ...]) -> bool:
        return all(pattern.matches(word) for pattern, word in zip(self.words, words, strict=True))


def _phrases(rules: Iterable[str]) -> tuple[_Phrase, ...]:
    return tuple(filter(None, map(_Phrase.of, rules)))


@dataclass(frozen=True, slots=True)
class BlockList:
    """Knows which windows are never looked at: by the shipped list and by the user's own words. Any thread may ask."""

    own: tuple[_Phrase, ...]
    programs: tuple[tuple[str, Wildcard], ...]
    titles: tuple[_Phrase, ...]

    @classmethod
    def load(cls, path: Path, own: str = "") -> Self:
        """Read a file like `resources/vision/blocked.txt`; raises `OSError`, and what `parse` does."""
        return cls.parse(path.read_text(encoding="utf-8"), own)

    @classmethod
    def parse(cls, text: str, own: str = "") -> Self:
        """Read the shipped list (its own comments say how it is written) and the user's words, separated by commas.

        `own` may be anything; raises `ValueError` for a line of `text` that stands in no known section.
        """
        programs: list[str] = []
        titles: list[str] = []
        sections = {"applications": programs, "titles": titles}
        for section, line in _lines(text):
            if section not in sections:
                raise ValueError(f"in no section: {line}")
            sections[section] += _patterns(line)
        return cls(
            _phrases(map(str.strip, _COMMAS.split(own))),
            tuple((program, Wildcard.of(plain(program))) for program in programs),
            _phrases(titles),
        )

    def why(self, app: str, title: str, name: str = "") -> str:
        """The rule that forbids a look at this window, as it is written; empty when there is none.

        `app` is the program's own name, `name` the one that people know it by. The user's words are looked for in
        all three, the shipped ones each in their place.
        """
        return next(self._reasons(app, _Text.of(title), name), "")

    def _reasons(self, app: str, title: _Text, name: str) -> Iterator[str]:
        names, anywhere = _names(app), (_Text.of(_program(app)), title, _Text.of(name))
        yield from (phrase.rule for phrase in self.own if any(map(phrase.found_in, anywhere)))
        yield from (rule for rule, pattern in self.programs if any(map(pattern.matches, names)))
        yield from (phrase.rule for phrase in self.titles if phrase.found_in(title))
