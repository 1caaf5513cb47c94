"""The tokenizer: byte-level BPE with single digits, and a token of its own for every feeling.

llama.cpp knows this as model "gpt2", pre-tokenizer "smollm". Feelings are user-defined tokens there: printed and found
in plain text, unlike control tokens. Text after them begins with a space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from training.starter.corpus import EMOTIONS, MODES
from training.starter.dialogues import Dialogue

BEGIN, PAD, END, USER, ALISA = "<s>", "<pad>", "<|end|>", "<|user|>", "<|alisa|>"
CONTROL = (BEGIN, PAD, END, USER, ALISA, *(f"<|{mode}|>" for mode in MODES))
FEELINGS = tuple(f"<emotion={emotion}>" for emotion in EMOTIONS)
SIZE = 4096


def train(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer for these texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [*CONTROL, *FEELINGS]
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=[AddedToken(one, special=True, normalized=False) for one in special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Encoder:
    """Conversations as tokens, with a weight for each: 1 for what she says, a little for what is said to her."""

    def __init__(self, tokenizer: Tokenizer, user_weight: float) -> None:
        self._tokenizer = tokenizer
        self._user_weight = user_weight
        self._ids = {one: tokenizer.token_to_id(one) for one in (*CONTROL, *FEELINGS)}

    def encode(self, dialogues: Sequence[Dialogue]) -> list[tuple[list[int], list[float]]]:
        """(tokens, weights) of each conversation."""
        texts = [text for one in dialogues for said in one.exchanges for text in (said.sent, f" {said.reply}")]
        encoded: Iterator[Any] = iter(self._tokenizer.encode_batch(texts, add_special_tokens=False))
        return [self._joined(dialogue, encoded) for dialogue in dialogues]

    def _joined(self, dialogue: Dialogue, parts: Iterator[Any]) -> tuple[list[int], list[float]]:
        ids = self._ids
        tokens, weights = [ids[BEGIN], ids[f"<|{dialogue.mode}|>"]], [0.0, 0.0]
        for said in dialogue.exchanges:
            sent, reply = next(parts).ids, next(parts).ids
            tokens += [ids[USER], *sent, ids[END], ids[ALISA], ids[f"<emotion={said.emotion}>"], *reply, ids[END]]
            weights += [0.0, *([self._user_weight] * len(sent)), 0.0, 0.0, *([1.0] * (len(reply) + 2))]
        return tokens, weights
