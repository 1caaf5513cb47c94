"""Reading from the web for models: verified TLS, no step down from https, limits, and failures in words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

import httpx

from alisa_desktop.core.addresses import is_loopback
from alisa_desktop.core.errors import DownloadFailed
from alisa_desktop.model.disk import in_thread

MAX_REDIRECTS = 5
LONGEST_RETRY_AFTER = 600.0
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524})


class Lost(Exception):
    """A failure that may pass: `str` is a sentence, `wait` the seconds the server asks to wait (None: not said)."""

    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose body is still to be read; `linked_sha256` is the file's checksum as the hub told on the way."""

    response: httpx.Response
    linked_sha256: str


class Web:
    """A client for `origin` and where it redirects to; use it as an async context manager, on the loop's thread.

    Proxies and certificates are those of the environment. Everything is https; only where `origin` itself is http on
    this machine, http on this machine is allowed. `silence` is how long no byte may come (s), `connect` how long a
    connection may take (s), `whole` how long a small answer as a whole. Sends no credentials. Raises `DownloadFailed`
    for an `origin` that is no such address; `way_out` tells where it stands.
    """

    def __init__(
        self,
        origin: str,
        *,
        silence: float = 30.0,
        connect: float = 15.0,
        whole: float = 60.0,
        way_out: str = "Correct it, for example in HF_ENDPOINT.",
    ) -> None:
        self._plain = _is_here(origin)
        self._whole_answer = whole
        self._timeout = httpx.Timeout(silence, connect=connect)
        self._client: httpx.AsyncClient | None = None
        if not (_is_address(origin) and (origin.lower().startswith("https://") or self._plain)):
            raise DownloadFailed(f"{_place(origin)} is no safe (https) address. {way_out}")

    async def __aenter__(self) -> Self:
        self._client = await in_thread(self._make_client)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str], what: str) -> AsyncIterator[Answer]:
        """Ask for `url` and follow redirects; the body is read by the block, and failures in it are told alike.

        Raises `Lost` for what may pass and `DownloadFailed` for what won't; statuses are not judged here.
        """
        with _in_words(httpx.URL(url).host):
            response, linked = await self._follow(url, headers, what)
            try:
                yield Answer(response, linked)
            finally:
                await response.aclose()

    async def read(self, url: str, limit: int, what: str) -> bytes:
        """The body at `url`, at most `limit` bytes; raises `Lost` or `DownloadFailed`."""
        try:
            async with asyncio.timeout(self._whole_answer), self.get(url, {}, what) as answer:
                check_status(answer.response, what)
                return await read_body(answer.response, limit, what)
        except TimeoutError as error:
            raise Lost(f"{httpx.URL(url).host} takes too long to tell me {what}.") from error

    def _make_client(self) -> httpx.AsyncClient:
        """Slow: the first one imports much, and each reads all certificates."""
        headers = {"User-Agent": "Alisa-Desktop", "Accept-Encoding": "identity"}
        try:
            return httpx.AsyncClient(
                verify=httpx.create_ssl_context(), timeout=self._timeout, trust_env=not self._plain, headers=headers
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise DownloadFailed(
                "The proxy in the environment (HTTPS_PROXY or ALL_PROXY) is of a kind I can't use. "
                "Set an http:// proxy there, or none."
            ) from error
        except OSError as error:
            raise DownloadFailed(
                "The certificates that SSL_CERT_FILE or SSL_CERT_DIR name in the environment can't be read. "
                "Correct these variables, or remove them."
            ) from error

    async def _follow(self, url: str, headers: Mapping[str, str], what: str) -> tuple[httpx.Response, str]:
        assert self._client, "only inside `async with`"
        target, linked = httpx.URL(url), ""
        for _ in range(MAX_REDIRECTS + 1):
            self._check(str(target))
            request = self._client.build_request("GET", target, headers=headers)
            response = await self._client.send(request, stream=True)
            linked = linked or _checksum(response.headers.get("x-linked-etag", ""))
            if not response.has_redirect_location:
                return response, linked
            await response.aclose()
            target = response.url.join(response.headers["location"])
        raise DownloadFailed(f"{httpx.URL(url).host} sends me in circles for {what}. Try again later.")

    def _check(self, url: str) -> None:
        if not (url.lower().startswith("https://") or (self._plain and _is_here(url))):
            raise DownloadFailed(
                f"I was sent to {_place(url)}, which is no safe (https) address. "
                "If this network has a sign-in page, sign in with the browser; then try again."
            )


async def read_body(response: httpx.Response, limit: int, what: str) -> bytes:
    """The body of an answer, at most `limit` bytes; raises `DownloadFailed` where it is longer."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise DownloadFailed(f"What came for {what} is far too long to be it. Check the address.")
    return bytes(body)


def check_status(response: httpx.Response, what: str) -> None:
    """Return for 200 and 206; raises `Lost` where trying again helps and `DownloadFailed` where it doesn't."""
    status, host = response.status_code, response.url.host
    if status in (200, 206):
        return
    if status in _TRY_AGAIN:
        wait = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        busy = "asks me to come back later" if status == 429 else "has a problem at the moment"
        raise Lost(f"{host} {busy} ({status}).", wait)
    match status:
        case 401 | 403 | 451:
            told = f"{host} doesn't give me {what} without a sign-in or an accepted licence ({status}). "
            way = "Choose another model, or get the file with the browser and choose it in Settings."
        case 404 | 410:
            told, way = f"{host} doesn't have {what} any longer ({status}). ", "Choose another model."
        case 407:
            told, way = "The proxy wants a sign-in (407). ", "Put name and password into HTTPS_PROXY."
        case _:
            told, way = f"{host} refuses to give me {what} ({status}). ", "Try again later, or choose another model."
    raise DownloadFailed(told + way)


def retry_after(text: str, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for (a number or a date), at most ten minutes; None where it is none."""
    if text.isascii() and text.strip().isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


@contextmanager
def _in_words(host: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise Lost(f"{host} has fallen silent.") from error
    except httpx.ProxyError as error:
        raise Lost("The proxy doesn't let me through.") from error
    except httpx.TransportError as error:
        if _bad_certificate(error):
            raise DownloadFailed(
                f"The connection to {host} isn't safe: its certificate can't be verified. Check the clock of this "
                "computer, and whether a proxy or virus scanner opens encrypted connections."
            ) from error
        raise Lost(f"The connection to {host} was lost.") from error
    except httpx.InvalidURL as error:
        raise DownloadFailed(f"{host} sends me to an address that is none. Try again later.") from error


def _bad_certificate(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _checksum(etag: str) -> str:
    value = etag.strip().removeprefix("W/").strip('"').lower()
    return value if len(value) == 64 and set(value) <= set("0123456789abcdef") else ""


def _is_address(url: str) -> bool:
    try:
        return bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _is_here(url: str) -> bool:
    """Whether `url` is plain http on this machine."""
    if not _is_address(url):
        return False
    parsed = httpx.URL(url)
    return parsed.scheme == "http" and is_loopback(parsed.host)


def _place(url: str) -> str:
    return url.partition("?")[0][:100]
