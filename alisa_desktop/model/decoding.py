"""The small decisions of generating: which option, which tokens again, when it runs in circles. Child side, pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

LOOP_LENGTH = 30
REMEMBERED_REPLIES = 256
ECHOED_REPLIES = 10
"""How many of the latest replies are not to be repeated."""


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both sequences begin with."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


class OptionPath:
    """The way through the allowed beginnings of a reply, given as tokens; asks the model only where they part."""

    def __init__(self, options: Mapping[str, Sequence[int]]) -> None:
        self._left = {option: list(tokens) for option, tokens in options.items()}

    @property
    def chosen(self) -> str | None:
        """The option, once only one is left."""
        return next(iter(self._left)) if len(self._left) == 1 else None

    @property
    def longest(self) -> int:
        """How many tokens the longest of the options still takes."""
        return max((len(tokens) for tokens in self._left.values()), default=0)

    def shared(self) -> list[int]:
        """Go on to where the options part, or to the end of the chosen one, and return the tokens on the way."""
        routes = list(self._left.values())
        length = len(routes[0])
        for route in routes[1:]:
            length = min(length, common_length(routes[0], route))
        tokens = routes[0][:length]
        self._left = {option: route[length:] for option, route in self._left.items()}
        return tokens

    def pick(self, logits: Sequence[float]) -> None:
        """Follow the best of the tokens the options part at; `logits` are the model's scores of all tokens.

        An option that ends here wins when the model's favourite goes on with none of the others.
        """
        ended = next((option for option, route in self._left.items() if not route), None)
        going = {option: route for option, route in self._left.items() if route}
        best = max({route[0] for route in going.values()}, key=lambda token: logits[token])
        if ended is not None and logits[best] < max(logits):
            self._left = {ended: []}
        else:
            self._left = {option: route for option, route in going.items() if route[0] == best}


class ReplyMemory:
    """The tokens of the latest replies by their text, so that history is tokenised as it was generated.

    White space counts once: the conversation may have trimmed it.
    """

    def __init__(self, limit: int = REMEMBERED_REPLIES) -> None:
        self._limit = limit
        self._replies: OrderedDict[str, list[int]] = OrderedDict()

    def remember(self, text: str, tokens: Sequence[int]) -> None:
        """Keep `tokens` for `text`; the oldest reply makes room."""
        self._replies[_key(text)] = list(tokens)
        self._replies.move_to_end(_key(text))
        if len(self._replies) > self._limit:
            self._replies.popitem(last=False)

    def tokens(self, text: str) -> list[int] | None:
        """Return the tokens `text` was generated with, None for a text of another origin."""
        known = self._replies.get(_key(text))
        if known is not None:
            self._replies.move_to_end(_key(text))
        return known


class Written:
    """A written line as a grammar for the reply: each token is followed by one that follows it in the line.

    A small model that copies a line now and then slips into another word. So it chooses only where the line is
    ambiguous.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._next: dict[int | None, set[int | None]] = {}
        for one, other in pairwise([None, *tokens, None]):
            self._next.setdefault(one, set()).add(other)

    def after(self, said: Sequence[int]) -> set[int | None]:
        """Return the tokens that may follow those said so far; None stands for the end."""
        return self._next.get(said[-1] if said else None, {None})


class Echoes:
    """Recent replies, so that the next one does not say the same again word for word."""

    def __init__(self, replies: Sequence[Sequence[int]]) -> None:
        self._replies = [list(reply) for reply in replies if reply]

    def after(self, said: Sequence[int]) -> set[int]:
        """Return the tokens with which a reply that began with `said` would go on like a recent one."""
        length = len(said)
        return {reply[length] for reply in self._replies if len(reply) > length and reply[:length] == list(said)}


def _key(text: str) -> str:
    return " ".join(text.split())


def runs_in_circles(reply: Sequence[int]) -> bool:
    """Tell whether the last `LOOP_LENGTH` tokens are all the same."""
    return len(reply) >= LOOP_LENGTH and len(set(reply[-LOOP_LENGTH:])) == 1
