"""Trains the classifier that tells the starter brain what a message is about, and writes `alisa-starter.repertoire`
together with all she may say.

A linear support-vector machine for each topic over hashed words, word pairs and letter groups. The score under which a
message counts as unknown was chosen on `evaluation/validation.txt`, which was written without sight of the corpus.
"""

from __future__ import annotations

import json
import math
import random
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from alisa_desktop.model.repertoire import filled, values
from alisa_desktop.model.topics import bucket, features
from training.starter.corpus import Corpus
from training.starter.dialogues import needs_and_may
from training.starter.slots import LACKS, Facts

BUCKETS = 1 << 14
STRENGTH = 0.5
"""Inverse of the regularisation (sklearn's C), chosen by cross-validation; so is the number of buckets."""
LEAST = -0.5
"""A message whose best topic scores lower is unknown: on the validation part this lets 5 % of the out-of-domain
messages through to a topic that would chat about them, and calls 1 % of the first-hour messages unknown. The corpus was
widened by what that part showed, so these shares flatter."""


def labelled(corpus: Corpus, seed: int = 1) -> list[tuple[str, str]]:
    """Every message of the corpus with its topic, talks included; slots are filled with made-up values."""
    rng = random.Random(seed)
    facts = Facts(rng, ["blue", "pizza", "winter", "music", "night"])
    pairs = []
    for topic in corpus.topics.values():
        needs, _ = needs_and_may(topic)
        for text in topic.messages:
            known = {
                slot: value for kind in sorted(needs) for slot, value in values(facts.make(kind, "study", text)).items()
            }
            pairs.append((filled(text, {**dict.fromkeys(("name", "thing", "value"), "blue"), **known}), topic.name))
    known_texts = {text.lower() for text, _ in pairs}
    for talk in corpus.talks:
        for (topic_name, text), _ in talk.exchanges:
            if topic_name in corpus.topics and text.lower() not in known_texts:
                known_texts.add(text.lower())
                pairs.append((text, topic_name))
    return pairs


class Matrix:
    """Messages as rows of hashed features, weighted by inverse document frequency, of length one."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(row for text in texts for row in {bucket(one, BUCKETS) for one in features(text)})
        self.idf = np.full(BUCKETS, math.log(1 + len(texts)) + 1, np.float32)
        for row, count in counts.items():
            self.idf[row] = math.log((1 + len(texts)) / (1 + count)) + 1

    def rows(self, texts: Sequence[str]) -> csr_matrix:
        """One row a text."""
        data, columns, starts = [], [], [0]
        for text in texts:
            rows = sorted({bucket(one, BUCKETS) for one in features(text)})
            data += [self.idf[row] for row in rows]
            columns += rows
            starts.append(len(columns))
        return normalize(csr_matrix((np.array(data, np.float32), columns, starts), shape=(len(texts), BUCKETS)))


def fit(pairs: Sequence[tuple[str, str]], strength: float = STRENGTH) -> tuple[Matrix, LinearSVC]:
    """Train on (message, topic) pairs."""
    texts = [text for text, _ in pairs]
    matrix = Matrix(texts)
    model = LinearSVC(C=strength, max_iter=500, random_state=1)
    model.fit(matrix.rows(texts), [topic for _, topic in pairs])
    return matrix, model


def write(corpus: Corpus, path: Path) -> None:
    """Train on the whole corpus and write classifier, lines and talks for the app."""
    matrix, model = fit(labelled(corpus))
    weights = model.coef_.T.astype(np.float32)  # buckets x topics
    scales = np.abs(weights).max(axis=1) / 127
    rounded = np.rint(np.divide(weights, scales[:, None], out=np.zeros_like(weights), where=scales[:, None] > 0))
    topics = []
    for name in model.classes_:
        needs, _ = needs_and_may(corpus.topics[name])
        lacks = [LACKS[name]] if name in LACKS else []
        topics.append({"name": str(name), "needs": sorted(needs), "lacks": lacks})
    lines = {
        topic.name: [(one.mode, one.emotion, one.text) for one in topic.replies] for topic in corpus.topics.values()
    }
    talks = [
        [(topic, talk.mode, emotion, reply) for (topic, _), (emotion, reply) in talk.exchanges] for talk in corpus.talks
    ]
    header = {"buckets": BUCKETS, "topics": topics, "least": LEAST, "lines": lines, "talks": talks}
    numbers = [matrix.idf, scales, model.intercept_]
    path.write_bytes(
        json.dumps(header).encode() + b"\n"
        + b"".join(array("f", one.tolist()).tobytes() for one in numbers) + rounded.astype(np.int8).tobytes()
    )  # fmt: skip
