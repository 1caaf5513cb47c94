"""She under load for minutes: two hundred clients listen, twenty talk, three behave badly, on the real program."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .endpoint_orders import Ordered, ordered
from .pairs import spread
from .report import Row, missing
from .stage import Stage, lacking, stage

LISTENERS, TALKERS = 200, 20
EVERY = 2.5
"""Seconds between what is said; some replies are longer."""
DELAY_MS = 25
"""Forty words a second."""
SETTLE_SECONDS = 4.0
PARTS = 5
ALONE = 20
"""Turns without any client, which tell what the windows keep of a turn."""
MOST_GAP, MOST_LEFT = 16.0, 8.0
UNEXPECTED = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback)")
APP, EARS, CROWD = (str(Path(__file__).with_name(f"endpoint_{name}.py")) for name in ("app", "ears", "crowd"))


def script() -> dict[str, Any]:
    """Replies of one to four seconds, told apart by their words."""
    texts = [" ".join(f"{size}w{word}" for word in range(size)) + "." for size in (40, 70, 100, 160)]
    return {"name": "Load", "replies": [{"text": text, "delay_ms": DELAY_MS, "emotion": "happy"} for text in texts]}


@contextmanager
def app_on(found: Stage, told: dict[str, Any]) -> Iterator[tuple[Ordered, int]]:
    """The real app with this script, which takes orders, and its port."""
    (found.profile / "script.json").write_text(json.dumps(told), encoding="utf-8")
    with found.talk(APP, str(found.profile)) as process:
        app = Ordered(process)
        try:
            yield app, urlsplit(app.answer()["address"]).port or 0
        finally:
            app.finish()


@dataclass(frozen=True, slots=True)
class Heard:
    """What clients of both versions were told: replies without their empty ones, and whether it was all the same."""

    replies: Sequence[str]
    finished: int
    is_same: bool


def compare(told: dict[str, dict[str, Any]]) -> Heard:
    """Compare what `Ears.told` says of the clients of both versions with each other, and with each reply's end."""
    same = all(one["digests"] == 1 and len(one["counts"]) == 1 and not one["closed"] for one in told.values())
    texts, finished = _replies_v2([json.loads(frame) for frame in told["2"]["frames"]])
    return Heard(texts, finished, same and texts == _replies_v1(told["1"]["frames"]))


def _replies_v1(frames: Sequence[str]) -> list[str]:
    replies, parts = [], []
    for frame in frames:
        if frame == "[END]":
            replies.append("".join(parts))
            parts.clear()
        elif not frame.startswith("[EMOTION]"):
            parts.append(frame)
    return [reply for reply in replies if reply]


def _replies_v2(frames: Sequence[dict[str, Any]]) -> tuple[list[str], int]:
    """The whole replies, which must be what their parts are, and how many were not stopped."""
    replies, parts, finished = [], [], 0
    for frame in frames:
        if frame["type"] == "text":
            parts.append(frame["text"])
        elif frame["type"] == "end":
            if "".join(parts) != frame["text"]:
                raise RuntimeError(f"a reply's parts are not what was said: {parts} {frame}")
            replies.append(frame["text"])
            parts.clear()
            finished += frame["reason"] == "done"
    return [reply for reply in replies if reply], finished


def measure(folder: Path, seconds: float) -> list[Row]:
    """The rows of `seconds` under load."""
    if reason := lacking():
        return [missing("endpoint under load", reason)]
    with stage(folder) as found, app_on(found, script()) as (app, port), ordered(EARS) as ears, ordered(CROWD) as crowd:
        _come_and_go(port, ears, crowd)
        before = app.order("state")
        app.order("watch", seconds=10.0)
        idle = app.order("gaps")["gaps"]
        ears.order("connect", port=port, number=LISTENERS, versions=[1, 2])
        crowd.order("enter", port=port, talkers=TALKERS)
        ears.order("begin")
        app.order("watch")
        during = _chatter(app, crowd, seconds)
        busy = app.order("gaps")
        crowd.order("talk", times=1)
        ears.order("settle")
        told = ears.order("told", parts=PARTS)
        rude = crowd.order("leave")
        ears.order("leave")
        time.sleep(SETTLE_SECONDS)
        after = app.order("state")
        app.order("talk", times=ALONE)
        alone = app.order("state")["rss"] - after["rss"]
        log = "".join(file.read_text(encoding="utf-8") for file in (found.profile / "logs").glob("*.log"))
    turns = len({json.loads(frame).get("turn") for frame in told["2"]["frames"]})
    rows = [*_heard(told, rude, log), *_held(before, during, after), *_smooth(idle, busy)]
    return [*rows, _left(after["rss"] - before["rss"], turns, alone / ALONE)]


def _come_and_go(port: int, ears: Ordered, crowd: Ordered) -> None:
    """Have everybody there once: what Python and Qt keep for good after that is no leak."""
    ears.order("connect", port=port, number=LISTENERS, versions=[1, 2])
    crowd.order("enter", port=port, talkers=TALKERS)
    crowd.order("talk", times=2)
    crowd.order("leave")
    ears.order("leave")
    time.sleep(SETTLE_SECONDS)


def _chatter(app: Ordered, crowd: Ordered, seconds: float) -> list[dict[str, Any]]:
    states = []
    for _ in range(PARTS):
        crowd.order("chatter", seconds=seconds / PARTS, every=EVERY)
        states.append(app.order("state"))
    return states


def _heard(told: dict[str, dict[str, Any]], rude: dict[str, Any], log: str) -> Iterator[Row]:
    heard = compare(told)
    bad = [line for line in log.splitlines() if UNEXPECTED.search(line)]
    note = f"{len(heard.replies)} replies, {heard.finished} of them not stopped; frames {told['1']['counts']} in v1, "
    note += f"{told['2']['counts']} in v2; hashes {told['1']['digests']} and {told['2']['digests']}"
    yield Row("load, all hear the same, nothing lost", float(heard.is_same), "", None, None, "1", heard.is_same, note)
    lost, dropped = rude["lost"] + len(rude["failed"]), ", ".join(f"{seconds:.0f} s" for seconds in rude["deaf"])
    note = f"the deaf one was cut after {dropped or 'never'}; {rude['cuts']} connections ended in mid-frame\n"
    note += f"why it was dropped: {sorted(set(re.findall('dropped: (.*)', log)))}; {' '.join(rude['failed'])}"
    yield Row("load, talking clients lost", lost, "", None, None, "0", lost == 0, note)
    yield Row("load, warnings in the log", len(bad), "", None, None, "0", not bad, "\n".join(bad[:5]))
    for version, one in told.items():
        late = one["p99"]
        parts = ", ".join(f"{part:.1f}" for part in late)
        note = f"p99 from the first to the last listener, each fifth of the time: {parts}; longest {one['longest']:.1f}"
        yield Row(f"load, v{version} p99 first to last", late[-1], "ms", late[0], late[-1] / late[0], note=note)


def _held(before: dict[str, Any], during: Sequence[dict[str, Any]], after: dict[str, Any]) -> Iterator[Row]:
    for key in ("tasks", "files"):
        note = f"while they are there: {', '.join(f'{state[key]:.1f}' for state in during)}"
        left = after[key] - before[key]
        yield Row(f"load, {key} after", after[key], "", before[key], after[key] / before[key], "+0", left <= 0, note)
    note = f"while they are there: {', '.join(format(state['rss'], '.1f') for state in during)}"
    yield Row("load, RSS after", after["rss"], "MB", before["rss"], after["rss"] / before["rss"], note=note)
    note = f"while they are there: {', '.join(str(state['timers']) for state in during)}"
    yield Row("load, timers of the loop after", after["timers"], "", before["timers"], note=note)


def _left(grown: float, turns: int, alone: float) -> Row:
    """What the clients leave behind, beyond what the windows keep of every turn."""
    left = grown - turns * alone
    note = f"{grown:.1f} MB in {turns} turns; without any client a turn takes {alone:.3f} MB, mean of {ALONE}"
    return Row("load, RSS left by the clients", left, "MB", None, None, f"<= {MOST_LEFT:g} MB", left <= MOST_LEFT, note)


def _smooth(idle: Sequence[float], busy: dict[str, Any]) -> Iterator[Row]:
    if not busy["seen"]:
        raise RuntimeError("the bubble or the figure was hidden while the loop was watched")
    quiet, loud = spread(idle), spread(busy["gaps"])
    yield Row(
        "load, loop gap p99", loud.p99, "ms", quiet.p99, loud.p99 / quiet.p99, f"< {MOST_GAP:g} ms",
        loud.p99 < MOST_GAP, f"under load: {loud}\nidle: {quiet}",
    )  # fmt: skip
