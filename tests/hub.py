"""A hub on this machine for tests: it serves files like the real one, and misbehaves when asked to.

    with LocalHub() as hub:
        hub.put("someone/Model-GGUF", "model.gguf", data)
        hub.tricks.append(Trick(cut_after=1000))     # the next answer with a file breaks off there
        ... HF_ENDPOINT=hub.endpoint ...
        assert hub.asked[-1].range == "bytes=1000-"

Metadata is at /api/models/{repository}/revision/{revision}, files at /{repository}/resolve/{revision}/{name}, from
where one is sent on to /cdn/..., as the real hub does. Each answer under /cdn takes the next trick, if there is one.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

COMMIT = "c0ffee" + "0" * 34


@dataclass
class Trick:
    """How one answer goes wrong. Numbers of bytes count within that answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    hold_after: int | None = None
    """Falls silent there until `LocalHub.release`."""
    ignore_range: bool = False
    content_range: str = ""
    extra: bytes = b""
    """Comes after the file, without a length that would tell."""
    claim: int | None = None
    """A length that is a lie; the connection closes after the bytes there are."""
    redirect: str = ""


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        return self.headers.get("range", "")

    @property
    def if_range(self) -> str:
        return self.headers.get("if-range", "")


@dataclass
class Stored:
    """A file of the hub. `lfs` tells whether its checksum is told."""

    data: bytes
    lfs: bool = True
    etag: str = ""

    def __post_init__(self) -> None:
        self.etag = self.etag or f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class LocalHub:
    """The hub; a context manager. `asked` are all requests, `files` those of the files alone."""

    def __init__(self) -> None:
        self.commit = COMMIT
        self.tricks: deque[Trick] = deque()
        self.metadata_tricks: deque[Trick] = deque()
        self.asked: list[Asked] = []
        self.held = threading.Event()
        """Set while an answer is held."""
        self._released = threading.Event()
        self._turning = threading.Lock()
        self._stored: dict[tuple[str, str], Stored] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, name="hub")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def files(self) -> list[Asked]:
        return [one for one in self.asked if one.path.startswith("/cdn/")]

    def put(self, repository: str, name: str, data: bytes, *, lfs: bool = True, etag: str = "") -> Stored:
        """Offer a file, or another one under the same name."""
        stored = self._stored[repository, name] = Stored(data, lfs, etag)
        return stored

    def release(self) -> None:
        """Let what is held go on, and hold nothing more until `hold_again`."""
        self._released.set()

    def hold_again(self) -> None:
        """Let what is held go on, and hold what is asked for from now on."""
        with self._turning:
            self._released.set()
            self._released = threading.Event()
            self.held.clear()

    def stored(self, repository: str, name: str) -> Stored | None:
        return self._stored.get((repository, name))

    def metadata(self, repository: str) -> dict[str, Any] | None:
        siblings = [
            {
                "rfilename": name,
                "size": len(one.data),
                "blobId": hashlib.sha1(one.data, usedforsecurity=False).hexdigest(),
                **({"lfs": {"sha256": one.sha256, "size": len(one.data), "pointerSize": 135}} if one.lfs else {}),
            }
            for (where, name), one in self._stored.items()
            if where == repository
        ]
        return {"id": repository, "sha": self.commit, "siblings": siblings} if siblings else None

    def wait_for_release(self) -> None:
        with self._turning:
            released = self._released
            self.held.set()
        released.wait()
        with self._turning:
            if released is self._released:  # else others may be held by now
                self.held.clear()


class _Server(ThreadingHTTPServer):
    """Answers in threads whose names begin with “hub”: tests that count the threads of others leave them out."""

    hub: LocalHub

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._answering: list[threading.Thread] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        answering = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="hub answer"
        )
        self._answering.append(answering)
        answering.start()

    def server_close(self) -> None:
        super().server_close()
        for answering in self._answering:
            answering.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds; not every system ends a write to a client that has gone
    server: _Server

    def do_GET(self) -> None:
        hub = self.server.hub
        path = unquote(self.path.partition("?")[0])
        hub.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        parts = path.strip("/").split("/")
        if path.startswith("/api/models/") and len(parts) == 6:
            self._tell_metadata("/".join(parts[2:4]))
        elif len(parts) == 5 and parts[2] == "resolve":
            self._send_on("/".join(parts[:2]), parts[4])
        elif parts[0] == "cdn" and len(parts) == 4:
            self._send_file("/".join(parts[1:3]), parts[3])
        else:
            self._answer(404, {}, b"no such page")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _tell_metadata(self, repository: str) -> None:
        hub = self.server.hub
        trick = hub.metadata_tricks.popleft() if hub.metadata_tricks else Trick()
        told = hub.metadata(repository)
        body = trick.body if trick.body is not None else json.dumps(told).encode()
        status = trick.status or (200 if told else 404)
        self._answer(status, {"Content-Type": "application/json", **trick.headers}, body)

    def _send_on(self, repository: str, name: str) -> None:
        stored = self.server.hub.stored(repository, name)
        if not stored:
            self._answer(404, {}, b"no such file")
            return
        linked = {"X-Linked-Etag": f'"{stored.sha256}"', "X-Linked-Size": str(len(stored.data))} if stored.lfs else {}
        self._answer(302, {"Location": f"/cdn/{repository}/{name}?signed=1", **linked}, b"")

    def _send_file(self, repository: str, name: str) -> None:
        hub = self.server.hub
        trick = hub.tricks.popleft() if hub.tricks else Trick()
        stored = hub.stored(repository, name)
        assert stored
        if trick.redirect:
            self._answer(302, {"Location": trick.redirect, **trick.headers}, b"")
            return
        start = 0 if trick.ignore_range else self._start(stored)
        if start >= len(stored.data) > 0:
            self._answer(416, {"Content-Range": f"bytes */{len(stored.data)}"}, b"")
            return
        data = trick.body if trick.body is not None else stored.data[start:]
        status = trick.status or (206 if start else 200)
        headers = {"ETag": stored.etag, "Content-Type": "application/octet-stream"}
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{len(stored.data) - 1}/{len(stored.data)}"
        if trick.content_range:
            headers["Content-Range"] = trick.content_range
        self._send(status, headers | trick.headers, data, trick)

    def _start(self, stored: Stored) -> int:
        wanted, only_if = self.headers.get("Range", ""), self.headers.get("If-Range", stored.etag)
        return int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and only_if == stored.etag else 0

    def _send(self, status: int, headers: dict[str, str], data: bytes, trick: Trick) -> None:
        if not trick.extra:
            length = trick.claim if trick.claim is not None else len(data)
            headers = {"Content-Length": str(length), **headers}
        self.close_connection = True
        self._head(status, {"Connection": "close", **headers})
        whole = data + trick.extra
        stops = [stop for stop in (trick.cut_after, trick.hold_after) if stop is not None]
        first = whole[: min(stops)] if stops else whole
        self.wfile.write(first)
        if trick.hold_after is not None:
            self.server.hub.wait_for_release()
            if trick.cut_after is None:
                self.wfile.write(whole[len(first) :])

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        self._head(status, {"Content-Length": str(len(body)), "Connection": "close", **headers})
        self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
