"""A feed of releases on this machine for tests: it says what it is told to, and misbehaves when asked to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Feed:
    """The feed. `asked` are the headers of all requests; None as `status` hangs up without a word."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status: int | None = 200
        self.headers: dict[str, str] = {"ETag": '"one"'}
        self.body = b""
        self.address = ""
        self.tell("0.1.0")

    def tell(self, version: str, notes: object = "", address: object = None, **more: Any) -> None:
        """Say from now on that this is the latest version."""
        where = f"https://github.com/someone/alisa/releases/tag/{version}" if address is None else address
        told = {"tag_name": version, "html_url": where, "body": notes, "draft": False, "prerelease": False}
        self.body = json.dumps(told | more).encode()


@contextmanager
def open_feed() -> Iterator[Feed]:
    """A feed that answers as long as the block runs."""
    feed = Feed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed.asked.append({name.lower(): value for name, value in self.headers.items()})
            if feed.status is None:
                self.close_connection = True
                return
            known = self.headers.get("If-None-Match") == feed.headers.get("ETag", "none")
            self.send_response(304 if known and feed.status == 200 else feed.status)
            for name, value in feed.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if known else len(feed.body)))
            self.end_headers()
            if not known:
                self.wfile.write(feed.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    feed.address = f"http://127.0.0.1:{server.server_address[1]}/latest"
    try:
        yield feed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
