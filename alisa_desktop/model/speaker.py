"""One reply from a loaded model: prompt, forced beginning, free words, and when to stop. Child side."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from alisa_desktop.core.errors import MessageTooLong
from alisa_desktop.core.messages import Choice, Chosen, Chunk, Message, Prompt, Role, Usage
from alisa_desktop.model.decoding import (
    ECHOED_REPLIES,
    Echoes,
    OptionPath,
    ReplyMemory,
    Written,
    common_length,
    runs_in_circles,
)
from alisa_desktop.model.kept_state import LEAST_TOKENS, KeptStates
from alisa_desktop.model.native import PICTURE, Context, DecodeFailed
from alisa_desktop.model.templates import Piece, Render, prompt_pieces


@dataclass(slots=True)
class _Reply:
    """What a reply is made of so far; `marks[n]` says how long text and tokens were after chunk n was sent."""

    prompt: int
    decoded: int
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    forced: int = 0
    marks: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])


class Speaker:
    """Speaks with one model; call it from one thread.

    A reply is cancelled by the model's `Work`. `heard` tells how many chunks the listener had got by then (None: it
    wasn't cancelled): the reply is remembered as far as it was heard. What was read of the fixed beginning of the
    prompts is taken from `states` and kept there.
    """

    def __init__(
        self,
        model: Context,
        render: Render,
        heard: Callable[[], int | None],
        replies: ReplyMemory | None = None,
        states: KeptStates | None = None,
    ) -> None:
        self._model = model
        self._render = render
        self._heard = heard
        self._replies = ReplyMemory() if replies is None else replies
        self._states = states
        self._fixed: list[int] = []

    def within(self, context: Context) -> Speaker:
        """Return the same speaker with another context of the model; what either says, both remember."""
        return Speaker(context, self._render, self._heard, self._replies)

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt for the next reply in tokens; replies of this model keep the tokens they came with.

        A picture that the context sees goes before the words of the last message.
        """
        return self._tokens(messages)[0]

    def _tokens(self, messages: Sequence[Message]) -> tuple[list[int], int]:
        """The prompt, and how many of its tokens come before the first word of the talk."""
        pieces = prompt_pieces(messages, self._render)
        last = max((at for at, piece in enumerate(pieces) if piece.said_by is Role.USER), default=len(pieces) - 1)
        first = next((at for at, piece in enumerate(pieces) if piece.said_by), len(pieces))
        tokens: list[int] = []
        fixed = 0
        for at, piece in enumerate(pieces):
            if at == last:
                tokens += [PICTURE] * self._model.picture_tokens
            tokens += self._piece_tokens(piece, tokens)
            fixed = len(tokens) if at < first else fixed
        if self._model.adds_bos and tokens[:1] != [self._model.bos]:
            tokens.insert(0, self._model.bos)
            fixed += 1
        return tokens, fixed

    def _piece_tokens(self, piece: Piece, before: Sequence[int]) -> list[int]:
        known = self._replies.tokens(piece.text) if piece.said_by is Role.ASSISTANT else None
        return known or self._model.tokenize(piece.text, control=piece.said_by is None, after=before)

    def speak(self, prompt: Prompt) -> Iterator[Chosen | Chunk | Usage]:
        """Generate one reply, part by part; ends early, with its `Usage`, when cancelled.

        Raises `MessageTooLong` and `DecodeFailed`.
        """
        tokens, fixed = self._tokens(prompt.messages)
        path = self._path(prompt.choice, tokens) if prompt.choice and prompt.choice.options else None
        self._check_room(len(tokens), path.longest if path else 0)
        self._fixed = tokens[:fixed]
        self._recall()
        kept = self._model.keep(min(common_length(self._model.cached, tokens), len(tokens) - 1))
        reply = _Reply(prompt=len(tokens), decoded=len(tokens) - kept)
        try:
            yield from self._trusted(self._words(prompt, path, tokens[kept:], reply))
        finally:
            self._remember(reply)
        yield Usage(reply.prompt, reply.decoded, len(reply.tokens) - reply.forced)

    def _recall(self) -> None:
        """Take what was once read of the fixed beginning, where that saves more than the KV cache does."""
        common = common_length(self._model.cached, self._fixed)
        if self._states and len(self._fixed) - common >= LEAST_TOKENS:
            state = self._states.take(self._fixed)
            if state is not None and not self._model.restore(self._fixed, state):
                self._states.condemn()

    def _trusted(self, words: Iterator[Chosen | Chunk]) -> Iterator[Chosen | Chunk]:
        """The words; with the first of them, a state that was taken has shown that it works."""
        if self._states is None:
            yield from words
            return
        try:
            for part in words:
                self._states.settle()
                yield part
        except DecodeFailed:
            self._states.condemn()
            raise
        finally:
            self._states.settle()

    def keep_state(self) -> None:
        """Keep what was read of the fixed beginning of the last prompt, for another start; call it after a reply."""
        count = len(self._fixed)
        if self._states and count and self._model.cached[:count] == self._fixed:
            self._states.keep(self._fixed, lambda most: self._model.state(count, most))

    def _check_room(self, prompt: int, forced: int) -> None:
        missing = prompt + forced - (self._model.context_tokens - 1)
        if 0 < missing <= self._model.picture_tokens:
            raise MessageTooLong(
                f"That picture is too large for my model's context of {self._model.context_tokens} tokens; "
                "choose a larger context in Settings."
            )
        if missing > 0:
            raise MessageTooLong(
                f"That is too long for my model: {prompt} tokens with what came before, "
                f"and it can hold {self._model.context_tokens}. Please make it shorter."
            )

    def _path(self, choice: Choice, prompt: Sequence[int]) -> OptionPath:
        # White space at the very end is left to the model, whose words mostly bring their own.
        beginnings = {one: (choice.before + one + choice.after).rstrip() for one in choice.options}
        return OptionPath(
            {one: self._model.tokenize(text, control=False, after=prompt) for one, text in beginnings.items()}
        )

    def _words(
        self, prompt: Prompt, path: OptionPath | None, pending: list[int], reply: _Reply
    ) -> Iterator[Chosen | Chunk]:
        if path and prompt.choice:
            forced = self._choose(path, pending)
            reply.tokens += forced
            reply.forced = len(forced)
            if path.chosen is None:
                return
            reply.text = prompt.choice.before + path.chosen + prompt.choice.after
            reply.marks[0] = (len(reply.text), reply.forced)
            yield Chosen(path.chosen)
        if prompt.line:
            written = Written(self._model.tokenize(f" {prompt.line}", control=False, after=(0,)))
            yield from self._said(prompt, pending, reply, lambda said: self._keep_to(written, said))
        else:
            echoes = self._echoes(prompt)
            yield from self._said(prompt, pending, reply, lambda said: self._turn_from(echoes, said))

    def _choose(self, path: OptionPath, pending: list[int]) -> list[int]:
        """Walk `path`; leaves in `pending` what is still to decode and returns the forced tokens."""
        forced: list[int] = []
        while True:
            shared = path.shared()
            pending += shared
            forced += shared
            if path.chosen is not None or not self._model.decode(pending):
                return forced
            pending.clear()
            path.pick(self._model.scores())

    def _echoes(self, prompt: Prompt) -> Echoes:
        """The words of the latest replies in the prompt, without their forced beginnings."""
        said = [one.content for one in prompt.messages if one.role is Role.ASSISTANT][-ECHOED_REPLIES:]
        if prompt.choice:
            said = [
                text.partition(prompt.choice.after)[2] if text.startswith(prompt.choice.before) else text
                for text in said
            ]
        return Echoes([self._model.tokenize(text, control=False, after=(0,)) for text in said])

    def _keep_to(self, written: Written, said: Sequence[int]) -> bool:
        """Leave only what may follow in a written line; False at its end."""
        following = written.after(said)
        allowed = {self._model.eos if token is None else token for token in following}
        if following == {None} or min(allowed) < 0:
            return False
        self._model.allow_only(allowed)
        return True

    def _turn_from(self, echoes: Echoes, said: Sequence[int]) -> bool:
        """Rule out what would say a recent reply again; always True."""
        if again := echoes.after(said):
            self._model.avoid(again)
        return True

    def _said(
        self, prompt: Prompt, pending: list[int], reply: _Reply, narrow: Callable[[Sequence[int]], bool]
    ) -> Iterator[Chunk]:
        """The words, one token after the other; `narrow` rules tokens out for the next place, or ends it."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        limit = reply.forced + prompt.sampling.max_tokens if prompt.sampling.max_tokens else self._model.context_tokens
        with self._model.sampler(prompt.sampling) as draw:
            while self._has_room(pending) and self._model.decode(pending):
                if not narrow(reply.tokens[reply.forced :]):
                    return
                token = draw()
                if self._model.is_end(token):
                    return
                pending = [token]
                reply.tokens.append(token)
                text = decoder.decode(self._model.piece(token))
                if text:
                    reply.text += text
                    reply.marks.append((len(reply.text), len(reply.tokens)))
                    yield Chunk(text)
                if len(reply.tokens) >= limit or runs_in_circles(reply.tokens):
                    return

    def _has_room(self, pending: Sequence[int]) -> bool:
        return len(self._model.cached) + len(pending) <= self._model.context_tokens

    def _remember(self, reply: _Reply) -> None:
        """Keep the reply's tokens, of a cancelled one only those that were heard."""
        heard = self._heard()
        text, tokens = len(reply.text), len(reply.tokens)
        if heard is not None:
            text, tokens = reply.marks[min(heard, len(reply.marks) - 1)]
        if tokens:
            self._replies.remember(reply.text[:text], reply.tokens[:tokens])
