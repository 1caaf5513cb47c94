"""Trains the starter brain and writes `resources/models/alisa-starter.gguf` and `.repertoire`: one command, one seed.

    python3 -m training.starter.train [--steps N] [--work FOLDER]

May be stopped at any time: it goes on from its last checkpoint in the work folder. Uses a GPU where there is one.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from training.starter import convert, tokens, understanding
from training.starter.corpus import HERE, read
from training.starter.dialogues import Generator
from training.starter.network import Network, Shape

SEED = 20261123
DIALOGUES = 40_000
BATCH = 4096
"""Tokens a step, padding included."""
STEPS = 1000
EVERY = 100
"""Steps between checkpoints."""
USER_WEIGHT = 0.05
MUON_RATE, ADAM_RATE = 0.02, 3e-3
WARM_UP, STEADY = 100, 0.4
"""Steps of warm-up, and the share of the run before the rates begin to fall (linearly, to 2 %)."""
MODELS = HERE.parent.parent / "resources" / "models"


class Muon:
    """Momentum whose matrix updates are orthogonalised by five Newton-Schulz steps (Jordan et al. 2024)."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._groups: dict[tuple[int, ...], list[nn.Parameter]] = {}
        for one in parameters:
            self._groups.setdefault(tuple(one.shape), []).append(one)
        self.momenta = {
            shape: torch.zeros(len(group), *shape, device=group[0].device) for shape, group in self._groups.items()
        }

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the parameters by their gradients."""
        for shape, group in self._groups.items():
            gradients = torch.stack([one.grad for one in group if one.grad is not None])
            momentum = self.momenta[shape]
            momentum.lerp_(gradients, 0.05)
            x = torch.lerp(gradients, momentum, 0.95).bfloat16()
            tall = shape[0] > shape[1]
            x = x.mT if tall else x
            x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
            for _ in range(5):
                a = x @ x.mT
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
            x = (x.mT if tall else x).float()
            scale = rate * max(1, shape[0] / shape[1]) ** 0.5
            for index, one in enumerate(group):
                one.mul_(1 - rate * 0.02).add_(x[index], alpha=-scale)


class Data:
    """All conversations as tokens, in batches of similar length; the order depends on the seed alone."""

    def __init__(self, encoded: list[tuple[list[int], list[float]]], context: int) -> None:
        self._rows = [(np.array(t[:context], np.int64), np.array(w[:context], np.float32)) for t, w in encoded]
        self._lengths = np.array([len(t) for t, _ in self._rows])

    def some(self, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The first conversations: tokens and weights."""
        return self._rows[:count]

    def batches(self, start: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches without end, from the one numbered `start` on."""
        passed = 0
        for epoch in itertools.count():
            order = self._epoch(epoch)
            if passed + len(order) > start:
                for rows in order[max(start - passed, 0) :]:
                    yield self._padded(rows)
            passed += len(order)

    def _epoch(self, epoch: int) -> list[list[int]]:
        rng = np.random.default_rng((SEED, epoch))
        order = np.argsort(self._lengths + rng.uniform(-8, 8, len(self._lengths)))
        batches: list[list[int]] = [[]]
        longest = 0
        for row in order.tolist():
            longest = max(longest, int(self._lengths[row]))
            if batches[-1] and longest * (len(batches[-1]) + 1) > BATCH:
                batches.append([])
                longest = int(self._lengths[row])
            batches[-1].append(row)
        return [batches[index] for index in rng.permutation(len(batches))]

    def _padded(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        longest = -(-max(int(self._lengths[row]) for row in rows) // 16) * 16
        x, w = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.float32)
        for at, row in enumerate(rows):
            said, weight = self._rows[row]
            x[at, : len(said)], w[at, : len(said)] = said, weight
        return torch.from_numpy(x), torch.from_numpy(w)


def rate(step: int, steps: int) -> float:
    """The share of the full learning rate at a step: warm-up, steady, linear fall."""
    done = step / steps
    return min(1, (step + 1) / WARM_UP) * (1 if done < STEADY else max(0.02, 1 - (done - STEADY) / (1 - STEADY)))


def prepare(work: Path) -> tuple[Tokenizer, Data]:
    """Tokenizer and conversations of the corpus."""
    corpus = read()
    dialogues = list(itertools.islice(Generator(corpus, SEED).dialogues(), DIALOGUES))
    texts = (text for one in dialogues[:20_000] for said in one.exchanges for text in (said.sent, f" {said.reply}"))
    tokenizer = tokens.train(texts)
    tokenizer.save(str(work / "tokenizer.json"))
    return tokenizer, Data(tokens.Encoder(tokenizer, USER_WEIGHT).encode(dialogues), Shape(0).context)


def train(work: Path, steps: int) -> tuple[Network, Data]:
    """Train, or go on from the checkpoint in `work`; returns what was trained on, too."""
    torch.manual_seed(SEED)
    random.seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer, data = prepare(work)
    network = Network(Shape(tokenizer.get_vocab_size())).to(device)
    matrices = [one for name, one in network.named_parameters() if one.dim() == 2 and "embd" not in name]
    others = [one for name, one in network.named_parameters() if one.dim() < 2 or "embd" in name]
    muon, adam = Muon(matrices), torch.optim.AdamW(others, ADAM_RATE, betas=(0.9, 0.97), weight_decay=0.01)
    checkpoint, begin = work / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device)
        network.load_state_dict(saved["network"])
        adam.load_state_dict(saved["adam"])
        muon.momenta = saved["muon"]
        begin = saved["step"]
    hidden = torch.compile(network, dynamic=True)
    print(
        f"{sum(one.numel() for one in network.parameters()) / 1e6:.2f} M parameters, step {begin} of {steps}",
        flush=True,
    )
    started, seen, losses = time.monotonic(), 0, []
    for step, (x, w) in zip(range(begin, steps), data.batches(begin), strict=False):
        x, w = x.to(device), w.to(device)
        with torch.autocast(device, torch.bfloat16):
            states = hidden(x[:, :-1])
            weights = w[:, 1:].reshape(-1)
            chosen = weights > 0
            scores = network.logits(states.reshape(-1, states.shape[-1])[chosen])
        each = functional.cross_entropy(scores.float(), x[:, 1:].reshape(-1)[chosen], reduction="none")
        loss = (each * weights[chosen]).sum() / weights[chosen].sum()
        network.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        now = rate(step, steps)
        for group in adam.param_groups:
            group["lr"] = ADAM_RATE * now
        adam.step()
        muon.step(MUON_RATE * now)
        seen += x.numel()
        losses.append(float(each[weights[chosen] == 1].mean().detach()))
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            state = {"network": network.state_dict(), "adam": adam.state_dict(), "muon": muon.momenta, "step": step + 1}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
            speed = seen / (time.monotonic() - started)
            print(f"step {step + 1} loss {np.mean(losses[-EVERY:]):.4f} {speed:.0f} tokens/s", flush=True)
    return network.cpu(), data


def main() -> None:
    """Corpus in, model out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--work", type=Path, default=HERE / "build")
    parser.add_argument("--out", type=Path, default=MODELS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    (options.work / ".gitignore").write_text("*\n", "utf-8")
    network, data = train(options.work, options.steps)
    corpus = read()
    understanding.write(corpus, understanding.train(corpus, options.work), options.out / "alisa-starter")
    convert.write(network, options.work / "tokenizer.json", options.out / "alisa-starter.gguf")
    convert.check(network, options.out / "alisa-starter.gguf", data.some(50))


if __name__ == "__main__":
    main()
