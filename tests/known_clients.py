"""The kinds of client that were written for the original Alisa, each working the way those really do."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Iterable, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

END = "[END]"
EMOTION = "[EMOTION]"
SPEECH_START = "[SPEECH_START]"
SPEECH_END = "[SPEECH_END]"


def without_speech(frames: Iterable[str]) -> list[str]:
    """Frames as the one who speaks hears them, keep-alives left out."""
    return [frame for frame in frames if frame and frame not in (SPEECH_START, SPEECH_END)]


class Overlay:
    """Only listens: opens and closes its mouth to speech, and changes its face."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.mouth_open = False
        self.spoken = 0
        """How often its mouth was opened and closed again."""
        self.face = ""

    async def live(self, address: str) -> None:
        """Connect and listen until the connection closes."""
        async with connect(address, proxy=None) as socket:
            async for frame in socket:
                self.hear(str(frame))

    def hear(self, frame: str) -> None:
        """Show what a frame says."""
        self.frames.append(frame)
        if frame == SPEECH_START:
            self.mouth_open = True
        elif frame == SPEECH_END:
            self.spoken += self.mouth_open
            self.mouth_open = False
        elif frame.startswith(EMOTION):
            self.face = frame.removeprefix(EMOTION)


class TextChat(threading.Thread):
    """Asks its user for a line, and its whole loop stands still until there is one; then reads until `[END]`."""

    def __init__(self, address: str) -> None:
        super().__init__(name="text chat", daemon=True)
        self.connected = threading.Event()
        self.replies: list[list[str]] = []
        """What it read after each line, keep-alives included."""
        self.trouble = ""
        self._address = address
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def type(self, line: str) -> None:
        """The user types a line and presses Enter; after an empty one it only reads on."""
        self._lines.put(line)

    def quit(self) -> None:
        """The user leaves."""
        self._lines.put(None)

    def run(self) -> None:
        """The program, on a loop of its own."""
        asyncio.run(self._talk())

    async def _talk(self) -> None:
        try:
            async with connect(self._address, proxy=None) as socket:
                self.connected.set()
                while (line := self._lines.get()) is not None:  # as input() does: nothing else runs meanwhile
                    if line:
                        await socket.send(json.dumps({"message": line}))
                    await self._read(socket)
        except ConnectionClosed as closed:
            self.trouble = str(closed)

    async def _read(self, socket: ClientConnection) -> None:
        frames: list[str] = []
        while not frames or frames[-1] != END:
            frames.append(str(await socket.recv()))
        self.replies.append(frames)


class VoiceChat:
    """Drops whatever looks like `[a control frame]`, and says the rest aloud when the reply is over."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[str] = []
        self._socket = socket

    async def ask(self, words: str) -> str:
        """Send recognized words as plain text, hear the reply and say it aloud; returns what was said."""
        await self._socket.send(words)
        speech = await self.hear_reply()
        await self._socket.send(SPEECH_START)
        await self._socket.send(SPEECH_END)
        return speech

    async def hear_reply(self) -> str:
        """What would be said of the next reply."""
        frames: list[str] = []
        while not frames or frames[-1] != END:
            frames.append(str(await self._socket.recv()))
        self.frames += frames
        return "".join(speakable(frames))


def speakable(frames: Sequence[str]) -> list[str]:
    """The frames a voice chat says aloud: no face, and nothing that looks like `[a control frame]`."""
    words = [frame for frame in frames if not frame.startswith(EMOTION)]
    return [word for word in words if not (word.startswith("[") and word.endswith("]"))]


class Sensor:
    """Reports the same things over and over, and never calls `recv()`."""

    def __init__(self, socket: ClientConnection, reports: Sequence[str], pause: float) -> None:
        self.sent = 0
        self._socket = socket
        self._reports = reports
        self._pause = pause

    async def live(self) -> None:
        """Report, every `pause` seconds, until the connection closes."""
        while True:
            await self._socket.send(self._reports[self.sent % len(self._reports)])
            self.sent += 1
            await asyncio.sleep(self._pause)

    async def unread(self) -> list[str]:
        """Leave; what this client was sent and never read."""
        await self._socket.close()
        frames: list[str] = []
        try:
            while True:
                frames.append(str(await self._socket.recv()))
        except ConnectionClosed:
            return frames


class FaceSensor(Sensor):
    """Looks at its user through a camera."""

    def __init__(self, socket: ClientConnection) -> None:
        seen = ("present", "focused", "happy", "distracted", "absent")
        super().__init__(socket, [f"[VISION_FACE]{what}" for what in seen], 1.0)


class ScreenSensor(Sensor):
    """Reads the screen."""

    def __init__(self, socket: ClientConnection) -> None:
        seen = ("True|Shall I help?|main.py - Editor|def main():\n    return a | b", "False||notes.txt - Editor|")
        super().__init__(socket, [f"[VISION_DESKTOP]coding|Editor|python|{what}" for what in seen], 2.0)
