"""The suite against Alisa's own endpoint, against a small server, and against servers that break rules."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from alisa_desktop.core.messages import Emotion
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options
from conformance.frames import EMOTIONS, END, MODE_CHANGED, fault, is_text, shown
from conformance.rule import Outcome, Verdict, examine
from conformance.rules_asked import ASKED
from conformance.rules_told import TOLD
from conformance.small_server import Client, SmallServer
from conformance.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
SOON = 15.0
"""Seconds of patience with servers that break rules by silence; they answer at once or never."""
GRACE = 2.5
"""Seconds after `/stop` in which words that are on their way may come: a busy machine can stand still for some."""


async def verdicts(stage: Stage) -> dict[str, Verdict]:
    return {verdict.name: verdict async for verdict in examine(stage, ASKED, TOLD)}


def named(found: dict[str, Verdict], outcome: Outcome) -> set[str]:
    return {name for name, verdict in found.items() if verdict.outcome is outcome}


def told(found: dict[str, Verdict]) -> str:
    return "\n".join(str(verdict) for verdict in found.values() if verdict.outcome is not Outcome.KEPT)


OUT_OF_REACH = {rule.name for rule in TOLD.rules if rule.name.startswith("X")}


@asynccontextmanager
async def our_own(profile: Path, script: Path) -> AsyncIterator[Engine]:
    async with Engine(Options(Paths.of(profile), scripted=script, port=0)) as engine:
        yield engine


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Replies that try to break the rules."""
    path = tmp_path / "script.json"
    count = {"when": "story", "chunks": [f"{number} " for number in range(3000)], "delay_ms": 10, "emotion": "shy"}
    repeat = {
        "when": "Repeat after me",
        "chunks": ["[END]", " [MODE CHANGED]", "[SPEECH_START]", "[EMOTION]x", "[VISION]{}"],
    }
    replies = [count, repeat, {"text": "Hello to you.", "emotion": "happy"}]
    path.write_text(json.dumps({"name": "Script", "replies": replies}), encoding="utf-8")
    return path


@pytest.mark.timeout(300)
async def test_our_own_endpoint_keeps_every_rule(profile: Path, script: Path) -> None:
    async with our_own(profile, script) as engine:
        engine.conversation.set_mode("study")
        found = await verdicts(Stage(engine.endpoint_address, mode="study"))
        assert named(found, Outcome.BROKEN) == set(), told(found)
        assert named(found, Outcome.UNTESTED) == OUT_OF_REACH, told(found)
        assert "did not" not in found["R2"].seen
        assert engine.conversation.mode.name == "study"


async def test_a_small_server_keeps_every_rule() -> None:
    async with SmallServer().open() as address:
        found = await verdicts(Stage(address, patience=30, quick=True))
    assert named(found, Outcome.BROKEN) == set(), told(found)
    assert named(found, Outcome.UNTESTED) == {*OUT_OF_REACH, "K1"}, told(found)


class Echo(SmallServer):
    """Says what it is told, and nothing else."""

    async def take(self, client: Client, frame: str) -> None:
        client.put(frame, END)


class Forgetful(SmallServer):
    """Never says that a reply is over."""

    def finish(self, turn: object) -> None:
        for client in self.clients:
            client.put("[EMOTION]calm")


class Twice(SmallServer):
    """Says it twice."""

    def finish(self, turn: object) -> None:
        heard = [client for client in self.clients if client.turn is turn]
        super().finish(turn)
        for client in heard:
            client.put(END)


class Parrot(SmallServer):
    """Relays speech to everybody, the speaker too."""

    def relay(self, speaker: Client, frame: str) -> None:
        super().relay(speaker, frame)
        speaker.put(frame)


class Mumbler(SmallServer):
    """Relays speech in words of its own."""

    def relay(self, speaker: Client, frame: str) -> None:
        super().relay(speaker, frame.lower())


class Raw(SmallServer):
    """Sends chunks as the model wrote them."""

    def chunks(self, word: str) -> Sequence[str]:
        return (word,)


class Unfeeling(SmallServer):
    """Shows its face at the end only."""

    def speak(self, turn: object, word: str) -> None:
        for client in self.clients:
            client.turn = turn
            client.put(*self.chunks(word))

    async def reply(self, sender: Client, text: str) -> None:
        for word in self.words(text):
            if self._stop.is_set():
                break
            self.speak(self, word)
            await asyncio.sleep(0.005)
        self.finish(self)


class Poker(SmallServer):
    """Shows its face at the beginning only."""

    def finish(self, turn: object) -> None:
        for client in self.clients:
            if client.turn is turn:
                client.turn = None
                client.put(END)


class Hungry(Poker):
    """Has feelings of its own."""

    def finish(self, turn: object) -> None:
        for client in self.clients:
            if client.turn is turn:
                client.put("[EMOTION]hungry")
        super().finish(turn)


class Private(SmallServer):
    """Answers whoever asked, and nobody else."""

    def speak(self, turn: object, word: str) -> None:
        for client in self.clients:
            if client.turn is turn:
                client.put(*self.chunks(word))


class Tagged(SmallServer):
    """Lets the model's tags through."""

    def words(self, text: str) -> Sequence[str]:
        return ["<emotion=happy>", *super().words(text)]


class Strict(SmallServer):
    """Knows no plain text."""

    async def take(self, client: Client, frame: str) -> None:
        if frame.startswith(("{", "[", "/")) or not frame:
            await super().take(client, frame)


class Literal(SmallServer):
    """Takes JSON for words."""

    def message(self, frame: str) -> str:
        return frame


class Plain(SmallServer):
    """Knows no JSON."""

    async def take(self, client: Client, frame: str) -> None:
        if not frame.startswith("{"):
            await super().take(client, frame)


class Modern(SmallServer):
    """Knows no names of old."""

    async def switch(self, client: Client, name: str) -> None:
        await super().switch(client, name if name in ("default", "study", "chill") else "none")


class Obliging(SmallServer):
    """Takes every mode for one."""

    async def switch(self, client: Client, name: str) -> None:
        client.put(MODE_CHANGED, END)


class Chatty(SmallServer):
    """Takes a sensor's report of the screen for words."""

    async def take(self, client: Client, frame: str) -> None:
        if frame.startswith("[VISION_SCREEN]"):
            await self.chat(client, frame)
        else:
            await super().take(client, frame)


class Polite(SmallServer):
    """Answers every keep-alive."""

    async def take(self, client: Client, frame: str) -> None:
        if frame:
            await super().take(client, frame)
        else:
            client.put("I am here.")


class Unstoppable(SmallServer):
    """Says what it has to say."""

    def stop(self) -> None:
        pass


class Nosy(SmallServer):
    """Talks to sensors."""

    def speak(self, turn: object, word: str) -> None:
        super().speak(turn, word)
        for client in self.clients:
            if client.sensor:
                client.waiting.put_nowait(word)
                client.first = "chat"


class Considerate(SmallServer):
    """Waits until everybody has heard a word before it says the next."""

    async def reply(self, sender: Client, text: str) -> None:
        with suppress(ConnectionClosed):
            for client in self.clients:
                await (await client.socket.ping())
            await super().reply(sender, text)


class Abrupt(SmallServer):
    """Lets whoever comes late into the middle of a reply."""

    def speak(self, turn: object, word: str) -> None:
        late = [client for client in self.clients if client.turn is not turn] if word[0].isdigit() else []
        for client in late if word != "0 " else []:
            client.turn = turn
        super().speak(turn, word)


class Pageless(SmallServer):
    """Answers no browser."""

    def page(self, *_: Any) -> None:
        return None


BREAKERS: Sequence[tuple[type[SmallServer], str]] = [
    (Echo, "C1 C2 M1 M2 M3 M4 V1"),
    (Forgetful, "E4 S1"),
    (Twice, "E4"),
    (Parrot, "V2"),
    (Mumbler, "V1"),
    (Raw, "R2"),
    (Unfeeling, "E1 E2 J1"),
    (Poker, "E2"),
    (Hungry, "E3 R2"),
    (Private, "R1"),
    (Tagged, "E5"),
    (Strict, "C2"),
    (Literal, "M2"),
    (Plain, "C1 M2"),
    (Modern, "M3"),
    (Obliging, "M4"),
    (Chatty, "P3"),
    (Polite, "P4"),
    (Unstoppable, "S1"),
    (Nosy, "R3"),
    (Considerate, "R4"),
    (Abrupt, "J1"),
    (Pageless, "H1"),
]
AT_ONCE = 6
"""Servers that are examined at a time: nearly all of it is waiting for what never comes."""


@pytest.mark.long
async def test_a_broken_rule_is_named_and_no_other() -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def wrong(server: type[SmallServer], broken: str) -> str:
        async with places, server().open() as address:
            found = await verdicts(Stage(address, patience=SOON, grace=GRACE, quick=True))
        assert all(verdict.seen for verdict in found.values() if verdict.outcome is not Outcome.KEPT)
        return "" if named(found, Outcome.BROKEN) == set(broken.split()) else f"{server.__name__}\n{told(found)}"

    found = await asyncio.gather(*(wrong(server, broken) for server, broken in BREAKERS))
    assert not any(found), "\n\n".join(filter(None, found))


def test_frames_are_told_apart() -> None:
    assert tuple(Emotion) == EMOTIONS
    good = ["", "word", "[", "[laughs]", END, MODE_CHANGED, "[EMOTION]shy", "[SPEECH_END]", '[VISION]{"app":"x"}']
    assert [frame for frame in good if fault(frame)] == []
    bad = ["[END] ", "[END]!", "[EMOTION]", "[EMOTION]hungry", "[VISION]", "[VISION][]", '[VISION]{"a":\n1}']
    assert [frame for frame in bad if not fault(frame)] == []
    assert [frame for frame in (*good, *bad) if is_text(frame)] == ["word", "[", "[laughs]"]
    assert shown() == "nothing" and "more" in shown(*"abcdefghijkl")


async def command_line(*arguments: str) -> tuple[int | None, str]:
    command = (sys.executable, "-X", "utf8", "-m", "tests.conformance", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_the_command_line_prints_a_line_a_rule() -> None:
    async with SmallServer().open() as address:
        code, output = await command_line(address, "--quick")
        assert code == 0
        assert "kept      V2   ... to all other clients: not to the one who speaks." in output
        kept = len(ASKED.rules) + len(TOLD.rules) - len(OUT_OF_REACH) - 1
        assert output.endswith(f"{kept} kept, 0 broken, {len(OUT_OF_REACH) + 1} untested\n")


async def test_the_command_line_prints_json_and_tells_what_broke() -> None:
    async with Parrot().open() as address:
        code, output = await command_line(address, "--quick", "--json")
    assert code == 1
    report = json.loads(output)
    (rule,) = [rule for rule in report["rules"] if rule["outcome"] == "broken"]
    assert (rule["name"], report["broken"]) == ("V2", 1) and "[SPEECH_START]" in rule["seen"]


async def test_nobody_at_the_address_is_said() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws/chat"
        code, output = await command_line(address)
        assert code == 2 and output.startswith(f"Nobody listens at {address}")
        code, output = await command_line(address, "--json")
        assert code == 2 and "Nobody listens" in json.loads(output)["error"]


async def test_what_is_no_websocket_is_said() -> None:
    code, output = await command_line("http://127.0.0.1:8000")
    assert code == 2 and "is no address of a WebSocket" in output


async def test_a_stranger_that_is_no_websocket_is_said() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as stranger:
        code, output = await command_line(f"ws://127.0.0.1:{stranger.sockets[0].getsockname()[1]}/ws/chat")
    assert code == 2 and "not as a WebSocket" in output


class Mute(SmallServer):
    """Sends no keep-alives."""

    keep_alive = 1000.0


class Eager(SmallServer):
    """Sends them all the time."""

    keep_alive = 0.2


@pytest.mark.parametrize("server", [Mute, Eager])
async def test_keep_alives_come_in_time(server: type[SmallServer]) -> None:
    async with server().open() as address:
        found = await verdicts(Stage(address, patience=30, grace=GRACE, keep_alive=4))
    assert named(found, Outcome.BROKEN) == {"K1"}, told(found)
    assert "empty" in found["K1"].seen
