"""One file from the hub into its part: going on where it stopped, and believing nothing the server says."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import httpx

from alisa_desktop.core.errors import DownloadFailed
from alisa_desktop.model.disk import in_thread, size_text
from alisa_desktop.model.hub import disagreement
from alisa_desktop.model.part import Part
from alisa_desktop.model.web import Lost, Web, check_status

CHUNK = 1 << 20
LONGEST_HOLD = 0.25
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


async def receive(web: Web, part: Part, on_bytes: Callable[[], None], clock: Callable[[], float]) -> None:
    """Ask for what is missing of `part` and write it; `on_bytes` is called after each piece. On the loop's thread.

    Raises `Lost` where the connection ends early (what came is kept), `DownloadFailed` for what won't pass, and
    `OSError` of the disk.
    """
    headers = {}
    if part.done:
        headers["Range"] = f"bytes={part.done}-"
        if part.etag:
            headers["If-Range"] = part.etag
    async with web.get(part.wanted.url, headers, part.wanted.name) as answer:
        response = answer.response
        if answer.linked_sha256 not in ("", part.wanted.sha256):
            raise DownloadFailed(disagreement(part.wanted.name))
        if part.done and response.status_code == 416:
            raise await _begin_anew(part, f"{response.url.host} can't go on in the middle of {part.wanted.name}.")
        check_status(response, part.wanted.name)
        _check_kind(response, part.wanted.name)
        if response.status_code == 206:
            await _check_range(response, part)
        else:
            _check_length(response, part)
        await _pour(response, part, on_bytes, clock)
    if not part.full:
        raise Lost(f"{response.url.host} sent only a part of {part.wanted.name}.")


async def _pour(response: httpx.Response, part: Part, on_bytes: Callable[[], None], clock: Callable[[], float]) -> None:
    fresh = response.status_code == 200 or not part.done
    async with aclosing(gathered(response.aiter_raw(), clock)) as chunks:
        async for chunk in chunks:
            if fresh:
                _check_beginning(chunk, response)
                await in_thread(part.start_over, response.headers.get("etag", ""))
                fresh = False
            if part.done + len(chunk) > part.wanted.bytes:
                await in_thread(part.remove)
                raise DownloadFailed(
                    f"{response.url.host} sends more for {part.wanted.name} than the file has, so I stopped and "
                    "deleted it. Try again later, or choose another model."
                )
            await in_thread(part.write, chunk)
            on_bytes()


async def gathered(chunks: AsyncIterator[bytes], clock: Callable[[], float]) -> AsyncGenerator[bytes, None]:
    """Join small chunks to about 1 MiB, but hold none longer than a quarter of a second; what came before a failure
    is given out before the failure."""
    held, since = bytearray(), clock()
    try:
        async for chunk in chunks:
            held += chunk
            if len(held) >= CHUNK or clock() - since >= LONGEST_HOLD:
                yield bytes(held)
                held, since = bytearray(), clock()
    except httpx.TransportError:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


async def _begin_anew(part: Part, sentence: str) -> Exception:
    """What to raise where a part can't be gone on with: the file is begun anew, but without a part it is given up."""
    if not part.done:
        return DownloadFailed(f"{sentence} Try again later, or choose another model.")
    await in_thread(part.start_over, "")
    return Lost(f"{sentence} I begin it anew.", 0.0)


def _check_kind(response: httpx.Response, name: str) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise DownloadFailed(_web_page(response, name))
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise DownloadFailed(f"{response.url.host} sends {name} packed, which I didn't ask for. Try again later.")


def _check_beginning(chunk: bytes, response: httpx.Response) -> None:
    if chunk.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise DownloadFailed(_web_page(response, "the file"))


def _web_page(response: httpx.Response, name: str) -> str:
    return (
        f"Instead of {name} a web page came from {response.url.host}. If this network has a sign-in page, sign in "
        "with the browser; then try again."
    )


async def _check_range(response: httpx.Response, part: Part) -> None:
    found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    total = part.wanted.bytes
    right = (
        found and int(found[1]) == part.done and part.done <= int(found[2]) < total and found[3] in ("*", str(total))
    )
    if not right:
        raise await _begin_anew(part, f"{response.url.host} sends another part of {part.wanted.name} than I asked for.")


def _check_length(response: httpx.Response, part: Part) -> None:
    length = response.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) != part.wanted.bytes:
        raise DownloadFailed(
            f"{response.url.host} offers {part.wanted.name} with {size_text(int(length))} instead of "
            f"{size_text(part.wanted.bytes)}, so it isn't the file I know. Try again later, or choose another model."
        )
