"""The line to a server of models: who is called and how, how long to wait, and the lines of its stream."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from alisa_desktop.core.errors import ModelUnreachable
from alisa_desktop.model import refusals
from alisa_desktop.model.disk import in_thread
from alisa_desktop.model.refusals import Asked
from alisa_desktop.model.servers import plain_context

LARGEST_BODY = 262_144
LONGEST_LINE = 1_048_576


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds: to connect, for the first token (a server may have to load its model
    first), between tokens and for short answers, before the next try while it loads, and at most on its own request.
    """

    connect: float = 5.0
    first_token: float = 300.0
    next_token: float = 60.0
    loading: float = 1.0
    busy: float = 5.0


class Connection:
    """Makes clients for one server; failures of the line are raised as `ModelUnreachable`.

    The environment's proxy is not applied to this machine, its certificates (SSL_CERT_FILE) are. Redirects are not
    followed, so that the key reaches nobody else, and no cookies are kept.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def client(self, asked: Asked) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client for what is asked."""
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in asked.key):
            raise ModelUnreachable("The key in Settings has line breaks or other signs that no key has. Enter it anew.")
        headers = [(b"Accept-Encoding", b"identity")]
        if asked.key:
            headers.append((b"Authorization", b"Bearer " + asked.key.encode("utf-8", "replace")))
        timeout = httpx.Timeout(None, connect=self._patience.connect)
        context = await self._tls(asked)
        try:
            client = httpx.AsyncClient(verify=context, timeout=timeout, headers=headers, trust_env=not asked.local)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise ModelUnreachable(
                "The proxy in the environment (HTTPS_PROXY or ALL_PROXY) is of a kind I can't use. Set an http:// "
                "proxy there, or none."
            ) from error
        async with client:
            yield client

    async def _tls(self, asked: Asked) -> ssl.SSLContext:
        if asked.local and asked.address.scheme == "http":
            return plain_context()
        if self._context is None:
            try:
                self._context = await in_thread(httpx.create_ssl_context)  # reads all certificates: slow
            except OSError as error:
                raise ModelUnreachable(
                    "I can't read the certificates that SSL_CERT_FILE or SSL_CERT_DIR names. Correct it, or unset it."
                ) from error
        return self._context

    @asynccontextmanager
    async def patient(self, seconds: float, asked: Asked, *, begun: bool = False) -> AsyncIterator[None]:
        """Wait at most so long, and turn every failure of the line into a sentence; `begun`: a reply is under way."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise refusals.silence(seconds, asked) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:  # no host name
            raise ModelUnreachable(refusals.CUT_OFF) if begun else refusals.failure(error, asked) from error

    async def body(self, response: httpx.Response, asked: Asked) -> str:
        """The text of a short answer, cut where it is longer than any should be; closes the response."""
        body = bytearray()
        try:
            async with self.patient(self._patience.next_token, asked):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_BODY:
                        break
        finally:
            await response.aclose()
        return body.decode("utf-8", "replace")


async def lines(response: httpx.Response) -> AsyncGenerator[str, None]:
    """The lines of a stream, which end at line feeds only: other separators may stand within JSON.

    A line that is longer than any event is cut off by ending the stream.
    """
    rest = b""
    async for part in response.aiter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
        if len(rest) > LONGEST_LINE:
            return
    if rest:
        yield rest.decode("utf-8", "replace")
