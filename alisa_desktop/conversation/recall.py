"""What the user said of something before, found again when they ask: their own words, quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from alisa_desktop.conversation.vocabulary import words

LONGEST_QUOTE = 90
"""Characters."""
LONGEST_QUESTION, READ = 300, 2000
"""Characters: who asks for what they said does so shortly; of what was said the beginning is looked through."""
STEM = 5
"""Letters: "studying law" answers "what do I study"."""

_MINE = r"(?:i|i'm|im|my|we|our|me|mine)"
_VERB = r"(?:'s|’s|s|'re|re| is| was| are| were| did| do| does| am| have| had)"
_ASKED = re.compile(
    rf"(?:^|[.!?,;\n] ?|\b(?:hey|hi|so|ok|okay|and|but|wait|lol|alisa|again) )"
    rf"(?:what|when|where|who|which|why|how (?:many|old|long|much)){_VERB}? (?:\w+ ){{0,2}}?{_MINE}\b"
    rf"|\b(?:do|can|did|will|would) (?:you|u) (?:still |even )?(?:remember|recall|know)\b.*\b{_MINE}\b"
    rf"|\bremind me (?:what|when|where|who|which|why|how)\b"
    rf"|\bwhat (?:did|have) i (?:say|said|tell|told)\b",
    re.IGNORECASE,
)
_NOT_RECALL = re.compile(  # asks for an opinion, for advice, or for what is happening now
    r"\b(?:should|shall|can|could|would|may|might) (?:i|we)\b|\bam i (?:a|an|so|too|ever|even)\b"
    r"|\b(?:wrong with|problem|screen|doing|look like|about me|think of)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(r"\b(?:i|i'm|im|i've|ive|my|we|our|mine|she's|he's|it's|they're|called|named)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\?\s*$|^(?:what|whats|when|where|who|whos|which|why|how|do|does|did|can|could|will|are|is|am|should|remind|tell)\b",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    words(
        "what whats when where who whos which why how many much old long is are was were am do does did done have has"
        " had can could will would should i im me my mine we our you your u it its it's that this the a an to of for"
        " in on at and or but with again now still even just please pls ok so remember recall know remind tell told"
        " said say saying about not no yes hey alisa thing really again earlier before he she they him her his them"
        " i'm i've favourite favorite fav fave name names what's who's when's where's be been being like there here"
        " then than if as by from up out get got go going"
    )
)
_CLAUSES = re.compile(r"(?<=[.!?;\n])\s+|,\s+(?=(?:and|but|so)\b)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def find_told(question: str, said: Sequence[str]) -> str:
    """The latest words of the user (`said`, oldest first) that answer a question about themselves; empty for none."""
    plain = question.replace("’", "'")
    if len(plain) > LONGEST_QUESTION or not _ASKED.search(plain) or _NOT_RECALL.search(plain):
        return ""
    asked = set(_stems(plain))
    if not asked:
        return ""
    best, shared = "", 0
    for text in reversed(said):
        for clause in _CLAUSES.split(text[:READ].strip()):
            common = len(asked.intersection(_stems(clause)))
            if common > shared and _TELLS.search(clause) and not _ASKS.search(clause):
                best, shared = clause, common
    return _quoted(best)


def _stems(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.lower().replace("’", "'")):
        if word not in _EMPTY and len(word) > 2:
            yield word.removesuffix("'s")[:STEM].removesuffix("s")


def _quoted(clause: str) -> str:
    plain = " ".join(clause.translate({ord("["): "(", ord("]"): ")", ord('"'): "'"}).split()).rstrip(" .,;")
    return plain if len(plain) <= LONGEST_QUOTE else plain[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " ..."
