"""The rule in front of every model: talk of suicide or self-harm gets a fixed, kind answer, never a generated one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DEFINITION = re.compile(r"([A-Z]+) = (.+)")
_REFERENCE = re.compile(r"\{([A-Z]+)\}")
_ACCENTS = re.compile("[\u0300-\u036f]")
_UNSEEN = re.compile("['\"’‘`´\u00ad\u200b-\u200f\u2060\ufeff]")  # apostrophes, soft hyphens, spaces of no width
_DISGUISES = {"1": "i", "!": "i", "3": "e", "4": "a", "@": "a", "0": "o", "5": "s", "$": "s", "7": "t"}
_DISGUISED = re.compile(r"(?<=[^\W\d_])[1!34@05$7](?=[^\W\d_])")
_SPELLED = re.compile(r"(?<= )(?:[^\W_] ){2,}[^\W_](?= )")

READ = 10_000
"""Characters read of either end of a text; reading a megabyte would hold up the loop for seconds."""


@dataclass(frozen=True, slots=True)
class CrisisRule:
    """Knows the wordings that apply (`patterns`), everyday ones that don't (`everyday`), and the answer."""

    patterns: re.Pattern[str]
    everyday: re.Pattern[str]
    answer: str

    def applies(self, text: str) -> bool:
        """Whether `text` speaks of suicide or self-harm, by whoever; of a very long text both ends are read."""
        if len(text) > 2 * READ:
            text = f"{text[:READ]} {text[-READ:]}"
        return self.patterns.search(self.everyday.sub(" ", _plain(text))) is not None


def parse_crisis_rule(patterns: str, answer: str) -> CrisisRule:
    """Build the rule from its two texts; the first says in its own comments how it is written.

    Raises `re.error` for a line that is no regular expression, `KeyError` for a name that was not given before.
    """
    names: dict[str, str] = {}
    found: list[str] = []
    everyday: list[str] = []
    for line in filter(None, map(str.strip, patterns.splitlines())):
        if line.startswith("#"):
            continue
        resolved = _REFERENCE.sub(lambda reference: names[reference[1]], _without_accents(line))
        if definition := _DEFINITION.fullmatch(resolved):
            names[definition[1]] = definition[2]
        elif line.startswith("!"):
            everyday.append(resolved[1:].strip())
        else:
            found.append(resolved)
    return CrisisRule(_any_of(found), _any_of(everyday), answer.strip())


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    for pattern in patterns:
        re.compile(pattern)  # on its own: two broken lines must not make a whole one
    return re.compile(rf"(?<= )(?:{'|'.join(patterns)})(?= )" if patterns else r"(?!)")


def _plain(text: str) -> str:
    """`text` as the patterns see it."""
    bare = _UNSEEN.sub("", _without_accents(text).casefold())
    undisguised = _DISGUISED.sub(lambda sign: _DISGUISES[sign[0]], bare)
    words = " " + re.sub(r"[\W_]+", " ", undisguised).strip() + " "
    return _SPELLED.sub(lambda letters: letters[0].replace(" ", ""), words)


def _without_accents(text: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare)
