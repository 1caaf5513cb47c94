"""Reads and checks the corpus: topics with messages and replies, and talks. The format is described in STYLE.md.

Run as a program it checks the files it is given and counts what is in them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
MODES = ("default", "study", "chill", "creative")
EMOTIONS = ("neutral", "happy", "calm", "teasing", "shy", "serious", "sad", "surprised")
SLOTS = frozenset(
    {"name", "thing", "value", "clock", "weekday", "date", "problem", "result", "coin", "dice", "number"}
    | {"from", "to", "choice", "days", "event", "mode", "app", "title", "told"}
)

LEAST, LEAST_AFTER = (40, 6), (12, 3)
"""Messages, and replies in each mode, that a topic should have; and one that only follows others."""

_TOPIC = re.compile(r"== ([a-z0-9-]+) :: (.+)")
_MORE = re.compile(r"\+\+ ([a-z0-9-]+)")
_AFTER = re.compile(r"\^ ([a-z0-9-]+(?: [a-z0-9-]+)*)")
_REPLY = re.compile(rf"({'|'.join(MODES)}|any) ({'|'.join(EMOTIONS)}) \| (.+)")
_TALK = re.compile(rf"-- ({'|'.join(MODES)})")
_SAID = re.compile(r"> ([a-z0-9-]+) \| (.+)")
_ANSWERED = re.compile(rf"< ({'|'.join(EMOTIONS)}) \| (.+)")
_SLOT = re.compile(r"\{(\w+)\}")


class CorpusBroken(ValueError):
    """A line of the corpus is not in the format; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What she says in `mode` ("any": in all of them), with the feeling she says it with."""

    mode: str
    emotion: str
    text: str


@dataclass(slots=True)
class Topic:
    """What a message can be about: the messages that are, and the replies each of which fits all of them."""

    name: str
    meaning: str
    messages: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    """The topics right after which a message can be about this one; none: always."""


@dataclass(slots=True)
class Talk:
    """A whole conversation in one mode: pairs of (topic, message) and (emotion, reply)."""

    mode: str
    exchanges: list[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=list)


@dataclass(slots=True)
class Corpus:
    """Everything that was written."""

    topics: dict[str, Topic] = field(default_factory=dict)
    talks: list[Talk] = field(default_factory=list)


def slots_of(text: str) -> frozenset[str]:
    """The names of the slots in `text`."""
    return frozenset(_SLOT.findall(text))


def read(paths: Iterable[Path] | None = None) -> Corpus:
    """The corpus in `paths` (default: every file in `corpus/`, by name). Raises `CorpusBroken`."""
    corpus = Corpus()
    more: dict[str, Topic] = {}
    for path in sorted((HERE / "corpus").glob("*.txt")) if paths is None else paths:
        _read_file(path, corpus, more)
    for name, addition in more.items():
        topic = corpus.topics.setdefault(name, Topic(name, ""))
        topic.messages += addition.messages
        topic.replies += addition.replies
        topic.after += addition.after
    return corpus


def _read_file(path: Path, corpus: Corpus, more: dict[str, Topic]) -> None:
    topic: Topic | None = None
    talk: Talk | None = None
    said: tuple[str, str] | None = None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        where = f"{path.name}:{number}: "
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if unknown := slots_of(line) - SLOTS:
            raise CorpusBroken(f"{where}unknown slot {', '.join(unknown)}")
        if match := _TOPIC.fullmatch(line):
            topic, talk = Topic(match[1], match[2]), None
            if match[1] in corpus.topics:
                raise CorpusBroken(f"{where}the topic {match[1]} was opened before")
            corpus.topics[match[1]] = topic
        elif match := _MORE.fullmatch(line):
            topic, talk = more.setdefault(match[1], Topic(match[1], "")), None
        elif match := _TALK.fullmatch(line):
            topic, talk, said = None, Talk(match[1]), None
            corpus.talks.append(talk)
        elif topic and (match := _AFTER.fullmatch(line)):
            topic.after += match[1].split()
        elif topic and line.startswith("> "):
            topic.messages.append(line[2:].strip())
        elif topic and (match := _REPLY.fullmatch(line)):
            topic.replies.append(Reply(match[1], match[2], match[3].strip()))
        elif talk and not said and (match := _SAID.fullmatch(line)):
            said = match[1], match[2].strip()
        elif talk and said and (match := _ANSWERED.fullmatch(line)):
            talk.exchanges.append((said, (match[1], match[2].strip())))
            said = None
        else:
            raise CorpusBroken(f"{where}this line fits nowhere: {line}")


def findings(corpus: Corpus) -> list[str]:
    """What is thin, doubled or against the style sheet, a sentence each."""
    found = []
    opening = [topic for topic in corpus.topics.values() if not topic.after]
    everything = Counter(_plain(text) for topic in opening for text in topic.messages)
    found += [f"message stands {times} times: {text}" for text, times in everything.items() if times > 1]
    replies = Counter(reply.text for topic in corpus.topics.values() for reply in topic.replies)
    found += [f"reply stands {times} times: {text}" for text, times in replies.items() if times > 1]
    for topic in corpus.topics.values():
        least_messages, least_replies = LEAST_AFTER if topic.after else LEAST
        found += [f"{topic.name}: no topic {name} to follow" for name in topic.after if name not in corpus.topics]
        if len(topic.messages) < least_messages:
            found.append(f"{topic.name}: only {len(topic.messages)} messages")
        for mode in MODES:
            count = sum(reply.mode == mode for reply in topic.replies)
            if count < least_replies:
                found.append(f"{topic.name}: only {count} replies in {mode}")
            starts = Counter(" ".join(r.text.lower().split()[:3]) for r in topic.replies if r.mode == mode)
            found += [f"{topic.name}/{mode}: {n} replies begin “{start}”" for start, n in starts.items() if n > 1]
    texts = [reply.text for topic in corpus.topics.values() for reply in topic.replies]
    texts += [answer[1] for talk in corpus.talks for _, answer in talk.exchanges]
    found += [f"not plain: {text}" for text in texts if not text.isascii() or "*" in text]
    found += [f"too long ({len(text.split())} words): {text}" for text in texts if len(text.split()) > 90]
    found += [f"a talk has {len(t.exchanges)} exchanges" for t in corpus.talks if not 2 <= len(t.exchanges) <= 12]
    return found


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", text.lower()).split()) or text


def main() -> None:
    """Check the files named on the command line, or all."""
    corpus = read([Path(name) for name in sys.argv[1:]] or None)
    for finding in findings(corpus):
        print(finding)
    for topic in corpus.topics.values():
        counts = ", ".join(f"{mode} {sum(r.mode == mode for r in topic.replies)}" for mode in (*MODES, "any"))
        print(f"{topic.name}: {len(topic.messages)} messages; {counts}")
    messages = {_plain(text) for topic in corpus.topics.values() for text in topic.messages}
    messages |= {_plain(said) for talk in corpus.talks for (_, said), _ in talk.exchanges}
    replies = {reply.text for topic in corpus.topics.values() for reply in topic.replies}
    replies |= {text for talk in corpus.talks for _, (_, text) in talk.exchanges}
    print(f"{len(corpus.topics)} topics, {len(messages)} messages, {len(replies)} replies, {len(corpus.talks)} talks")


if __name__ == "__main__":
    main()
