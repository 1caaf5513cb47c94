"""Modes: ways of being Alisa, each a text file of a few header lines and a system prompt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from alisa_desktop.core.errors import AlisaError, UnknownMode
from alisa_desktop.core.messages import Emotion, Sampling
from alisa_desktop.persona.emotion import emotion_of

DEFAULT = "default"
ALIASES = {"teasing": DEFAULT, "serious": "study", "calm": "chill"}
"""Names that clients of the original Alisa use."""

_SEPARATOR = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.01, 1.0),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.5, 2.0),
    "max_tokens": (0, 100_000),
}


class PersonaBroken(AlisaError):
    """A persona file says something that can't be understood; the sentence names the line."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of being Alisa: `name` is the file's stem, `title` is for people, `resting` her face at rest."""

    name: str
    title: str
    description: str
    prompt: str
    resting: Emotion
    sampling: Sampling


def parse_mode(name: str, text: str) -> Mode:
    """Read a persona file: lines of `key: value`, a line `---`, then the system prompt.

    Keys: title, description, emotion, temperature, top_p, min_p, repeat_penalty, max_tokens; all may be left out, and
    a text without `---` is all prompt. Raises `PersonaBroken`.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    *header, prompt = _SEPARATOR.split(plain, maxsplit=1)
    mode = Mode(name, name.replace("_", " ").capitalize(), "", prompt.strip(), Emotion.NEUTRAL, Sampling())
    if not mode.prompt:
        raise PersonaBroken(f"The persona file “{name}” has no text; write who she is below the line ---.")
    for line in "".join(header).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            mode = _with_line(mode, line)
    return mode


def _with_line(mode: Mode, line: str) -> Mode:
    key, _, value = (part.strip() for part in line.partition(":"))
    match key.lower():
        case "title" | "description" as field if value:
            return replace(mode, title=value) if field == "title" else replace(mode, description=value)
        case "emotion":
            if emotion := emotion_of(value):
                return replace(mode, resting=emotion)
        case "temperature" | "top_p" | "min_p" | "repeat_penalty" | "max_tokens" as field:
            if (number := _number(value, *_RANGES[field], whole=field == "max_tokens")) is not None:
                return replace(mode, sampling=replace(mode.sampling, **{field: number}))  # type: ignore[arg-type]
    raise PersonaBroken(f"In the persona file “{mode.name}” I do not understand the line “{line.strip()}”.")


def _number(value: str, least: float, most: float, *, whole: bool) -> float | None:
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        return None
    return number if least <= number <= most else None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()  # names of files on a Mac are decomposed


class Modes(Mapping[str, Mode]):
    """All modes there are, in menu order."""

    def __init__(self, modes: Mapping[str, Mode]) -> None:
        self._modes = dict(modes)

    def __getitem__(self, name: str) -> Mode:
        return self._modes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modes)

    def __len__(self) -> int:
        return len(self._modes)

    def find(self, name: str) -> Mode:
        """The mode of that name or alias, whatever its case; raises `UnknownMode` with a sentence that lists them."""
        wanted = _folded(name)
        by_name = {_folded(known): mode for known, mode in self._modes.items()}
        mode = by_name.get(wanted) or by_name.get(ALIASES.get(wanted, ""))
        if mode is None:
            unknown = f"I have no mode “{name.strip()[:40]}”. " if wanted else ""
            raise UnknownMode(f"{unknown}There is {', '.join(self._modes)}.")
        return mode
