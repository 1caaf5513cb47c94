"""Trains the encoder to tell what a message is about, and gives what stands in the corpus the form the app reads.

Every message of the corpus is an example of its topic. Topics that follow others compete only right after those, so
messages are shown with made-up topics before them: the scores are compared among the topics that are open then, as the
app does it. Typing errors are made up anew in every epoch.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from alisa_desktop.model.classifier import Classifier
from alisa_desktop.model.repertoire import filled, values
from alisa_desktop.model.topics import plain
from alisa_desktop.model.variants import load_best
from training.starter import encoder
from training.starter.corpus import Corpus
from training.starter.dialogues import needs_and_may, typed
from training.starter.encoder import Encoder
from training.starter.slots import LACKS, Facts

EPOCHS = 4
BATCH = 64
RATE, HEAD_RATE = 1e-4, 4e-3
WARM_UP = 0.1
"""The share of the run in which the rates rise; then they fall to nothing."""
SMOOTHING = 0.1
"""The share of belief that is spread over all open topics: messages of one topic may often pass for another's."""
DROPPED = 0.1
"""The share of tokens that are masked while training."""
ONE_BEFORE, TWO_BEFORE = 0.6, 0.25
"""How often a message is shown right after one topic, and after a second one."""
LEAST = 0.13
"""A message whose best topic is less likely is unknown. Chosen on `evaluation/validation*.txt`: 2 % of their first-hour
messages are called unknown, and 1 % of the out-of-domain ones get a topic that would chat about them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message and its topic."""

    text: str
    topic: str


def examples(corpus: Corpus, seed: int = 1) -> list[Example]:
    """Every message of the corpus with its topic, talks included; slots are filled with made-up values."""
    rng = random.Random(seed)
    facts = Facts(rng, ["blue", "pizza", "winter", "music", "night"])
    found = []
    for topic in corpus.topics.values():
        needs, _ = needs_and_may(topic)
        for text in topic.messages:
            known = {
                slot: value for kind in sorted(needs) for slot, value in values(facts.make(kind, "study", text)).items()
            }
            known = {**dict.fromkeys(("name", "thing", "value"), "blue"), **known}
            found.append(Example(filled(text, known), topic.name))
    standing = {plain(one.text) for one in found}
    for talk in corpus.talks:
        for (topic_name, text), _ in talk.exchanges:
            if topic_name in corpus.topics and plain(text) not in standing:
                standing.add(plain(text))
                found.append(Example(text, topic_name))
    return found


class Situations:
    """What may stand before a message, and which topics are open then."""

    def __init__(self, corpus: Corpus, shown: Sequence[Example], rng: random.Random) -> None:
        self.names = sorted(corpus.topics)
        self._after = {name: corpus.topics[name].after for name in self.names}
        self._rng = rng
        self._followers: dict[str, set[str]] = defaultdict(set)
        for name, parents in self._after.items():
            for parent in parents:
                self._followers[parent].add(name)
        self._parents = sorted(self._followers)
        self._wordings: dict[str, set[str]] = defaultdict(set)
        for one in shown:
            self._wordings[one.topic].add(plain(one.text))

    def topics_open(self, before: Sequence[str]) -> Tensor:
        """Which topics compete after these (0, or minus infinity for those that don't)."""
        following = set().union(*(self._followers[name] for name in before)) if before else set()
        return torch.tensor([0.0 if not self._after[name] or name in following else -torch.inf for name in self.names])

    def before(self, one: Example) -> list[str]:
        """Topics that may stand before a message, made up; none of them takes its wording for one of its own."""
        before = [self._rng.choice(self._after[one.topic])] if self._after[one.topic] else []
        chance = self._rng.random()
        wanted = (chance < ONE_BEFORE) + (chance < TWO_BEFORE)
        while self._parents and len(before) < wanted:
            other = self._rng.choice(self._parents)
            rivals = self._followers[other] - {one.topic}
            if not any(plain(one.text) in self._wordings[rival] for rival in rivals):
                before.append(other)
            else:
                wanted -= 1
        return before


class Training:
    """One run over `shown`, epoch by epoch; `state` and `load` are for checkpoints."""

    def __init__(self, corpus: Corpus, shown: Sequence[Example], epochs: int, seed: int) -> None:
        folder = encoder.weights_folder()
        torch.manual_seed(seed)
        self.tokenizer: Tokenizer = encoder.make_tokenizer(folder)
        self.situations = Situations(corpus, shown, random.Random(seed))
        self.names = self.situations.names
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network: Encoder = encoder.pretrained(folder, len(self.names)).to(self.device)
        self.shown = list(shown)
        self._seed = seed
        self._index = {name: at for at, name in enumerate(self.names)}
        head = list(self.network.head.parameters())
        body = [one for name, one in self.network.named_parameters() if not name.startswith("head.")]
        self._optimizer = torch.optim.AdamW(
            [{"params": body, "lr": RATE}, {"params": head, "lr": HEAD_RATE}], weight_decay=0.01
        )
        self._total = epochs * -(-len(self.shown) // BATCH)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, [RATE, HEAD_RATE], total_steps=self._total + 1, pct_start=WARM_UP, cycle_momentum=False
        )
        self.epoch = 0

    def state(self) -> dict[str, Any]:
        """Everything that is needed to go on after the epochs done."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "epoch": self.epoch,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self.epoch = state["epoch"]

    def run_epoch(self) -> float:
        """Show every example once; returns the mean loss of the last tenth."""
        rng = random.Random(f"{self._seed} {self.epoch}")
        torch.manual_seed(self._seed + self.epoch)
        self.network.train()
        losses = []
        for batch in self._batches(rng):
            texts = [plain(typed(one.text, rng)) or one.text for one in batch]
            scores = self.scores(texts, dropped=DROPPED)
            open_to = torch.stack([self.situations.topics_open(self.situations.before(one)) for one in batch])
            loss = self._loss(scores, open_to.to(self.device), [self._index[one.topic] for one in batch])
            self._optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self._optimizer.step()
            self._schedule.step()
            losses.append(loss.item())
        self.epoch += 1
        last = losses[-max(len(losses) // 10, 1) :]
        return sum(last) / len(last)

    def _batches(self, rng: random.Random) -> Iterator[list[Example]]:
        """Messages of similar length together, which wastes less on padding."""
        order = rng.sample(self.shown, len(self.shown))
        batches = []
        for begin in range(0, len(order), BATCH * 20):
            part = sorted(order[begin : begin + BATCH * 20], key=lambda one: len(one.text))
            batches += [part[at : at + BATCH] for at in range(0, len(part), BATCH)]
        rng.shuffle(batches)
        yield from batches

    def scores(self, texts: Sequence[str], dropped: float = 0.0) -> Tensor:
        """How well each topic fits each of `texts`; with `dropped` as in training."""
        tokens, present = encoder.padded([one.ids for one in self.tokenizer.encode_batch(list(texts))])
        if dropped:
            masked = (torch.rand(tokens.shape) < dropped) & (tokens >= encoder.SPECIAL)
            tokens = torch.where(masked, torch.tensor(encoder.MASK), tokens)
        with torch.autocast(self.device, torch.bfloat16, enabled=bool(dropped)):
            scores: Tensor = self.network(tokens.to(self.device), present.to(self.device))
        return scores.float()

    @staticmethod
    def _loss(scores: Tensor, open_to: Tensor, wanted: Sequence[int]) -> Tensor:
        beliefs = torch.log_softmax(scores + open_to, -1)
        right = beliefs.gather(1, torch.tensor(wanted, device=scores.device)[:, None])[:, 0]
        closed = torch.isinf(open_to)
        spread = beliefs.masked_fill(closed, 0).sum(1) / (~closed).sum(1)
        return -((1 - SMOOTHING) * right + SMOOTHING * spread).mean()

    @torch.inference_mode()
    def hits(self, held: Sequence[Example], seed: int = 7) -> tuple[float, float]:
        """The share of `held` whose topic is the likeliest of those open, and is among the three likeliest."""
        self.network.eval()
        rng = random.Random(seed)
        situations, situations._rng = self.situations, rng
        first = third = 0
        for begin in range(0, len(held), 128):
            part = held[begin : begin + 128]
            open_to = torch.stack([situations.topics_open(situations.before(one)) for one in part])
            best = (self.scores([plain(one.text) for one in part]).cpu() + open_to).topk(3).indices
            for row, one in zip(best.tolist(), part, strict=True):
                first += row[0] == self._index[one.topic]
                third += self._index[one.topic] in row
        return first / len(held), third / len(held)


def train(corpus: Corpus, work: Path, epochs: int = EPOCHS, seed: int = 1, held: float = 0.0) -> Training:
    """Train, or go on from the checkpoint in `work`; with `held` that share of the messages is kept back and asked."""
    everything = examples(corpus)
    random.Random(seed).shuffle(everything)
    aside = int(held * len(everything))
    training = Training(corpus, everything[aside:], epochs, seed)
    checkpoint = work / "topics.pt"
    if checkpoint.exists():
        training.load(torch.load(checkpoint, map_location=training.device))
    print(f"{len(training.names)} topics, {len(everything) - aside} messages, epoch {training.epoch} of {epochs}")
    while training.epoch < epochs:
        begun = time.monotonic()
        loss = training.run_epoch()
        told = f", right {training.hits(everything[:aside])}" if aside else ""
        print(f"epoch {training.epoch} loss {loss:.3f}{told} {time.monotonic() - begun:.0f} s", flush=True)
        torch.save(training.state(), checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
    return training


def write(corpus: Corpus, training: Training, path: Path) -> None:
    """Write the encoder to `path.topics.gguf`, and topics, lines and talks to `path.repertoire`."""
    training.device = "cpu"
    encoder.write(training.network.cpu(), training.tokenizer, training.names, path.with_suffix(".topics.gguf"))
    write_repertoire(corpus, path.with_suffix(".repertoire"))
    check(training, path.with_suffix(".topics.gguf"))


@torch.inference_mode()
def check(training: Training, path: Path, count: int = 500) -> None:
    """Compare llama.cpp's topics with PyTorch's; raises `ValueError` when they differ."""
    import llama_cpp

    training.network.eval()
    load_best(llama_cpp)
    classifier = Classifier(llama_cpp, path, safe=True)
    agreed = 0
    try:
        for one in training.shown[:count]:
            text = plain(one.text)
            scores = classifier.scores(text)
            agreed += scores.index(max(scores)) == int(training.scores([text])[0].argmax())
    finally:
        classifier.close()
    print(f"llama.cpp and PyTorch: same topic {agreed / count:.2%} of {count} messages")
    if agreed / count < 0.97:
        raise ValueError("llama.cpp computes something else than PyTorch")


def write_repertoire(corpus: Corpus, path: Path) -> None:
    """Write topics, lines and talks for the app, as JSON."""
    topics = []
    for name in sorted(corpus.topics):
        topic = corpus.topics[name]
        needs, _ = needs_and_may(topic)
        lacks = [LACKS[name]] if name in LACKS else []
        topics.append({"name": name, "after": sorted(topic.after), "needs": sorted(needs), "lacks": lacks})
    lines = {
        name: [(one.mode, one.emotion, one.text) for one in topic.replies] for name, topic in corpus.topics.items()
    }
    talks = [
        [(topic, talk.mode, emotion, reply) for (topic, _), (emotion, reply) in talk.exchanges] for talk in corpus.talks
    ]
    told = {"least": LEAST, "topics": topics, "lines": lines, "talks": talks}
    path.write_text(json.dumps(told, indent=0) + "\n", "utf-8")
