"""Many clients on the real program, three of which behave badly: nobody loses a frame, and all hear the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.endpoint_load import CROWD, EARS, compare
from benchmarks.endpoint_orders import ordered

LISTENERS, TALKERS, TALKS = 60, 6, 10
REPLIES = [" ".join(f"{size}w{word}" for word in range(size)) + "." for size in (20, 35, 50)]


def test_sixty_listen_and_six_talk_while_three_misbehave(start: Callable[..., object], tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    replies = [{"text": text, "delay_ms": 10, "emotion": "happy"} for text in REPLIES]
    script.write_text(json.dumps({"name": "Script", "replies": replies}), encoding="utf-8")
    program = start("--scripted", str(script))
    port = urlsplit(program.address).port  # type: ignore[attr-defined]
    with ordered(EARS) as ears, ordered(CROWD) as crowd:
        assert ears.order("connect", port=port, number=LISTENERS, versions=[1, 2])["lost"] == 0
        crowd.order("enter", port=port, talkers=TALKERS)
        ears.order("settle")
        ears.order("begin")
        crowd.order("talk", times=TALKS)
        ears.order("settle")
        told = ears.order("told", parts=1)
        rude = crowd.order("leave")
        ears.order("leave")
    heard = compare(told)
    assert heard.replies == [REPLIES[number % len(REPLIES)] for number in range(TALKS)]
    assert heard.is_same, {version: (one["counts"], one["digests"], one["closed"]) for version, one in told.items()}
    assert rude["lost"] == 0 and rude["failed"] == [] and rude["cuts"] > 0
