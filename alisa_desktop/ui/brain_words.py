"""What is said about models and downloads: one place, so that every window says the same. Without windows."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from alisa_desktop.core.brains import Brain, Fetch, FetchState, Fit, Offer, Pinned
from alisa_desktop.ui import amounts

STARTER = "Starter brain"
RESTING = "Resting; type and she wakes up."
UNDER_WAY = frozenset(
    {FetchState.WAITING, FetchState.RUNNING, FetchState.STALLED, FetchState.PAUSED, FetchState.CHECKING}
)
"""States of a download that still goes on, or may."""
AT_WORK = UNDER_WAY - {FetchState.PAUSED}
PINNED = {
    Pinned.CATALOG: "Checksum: known to Alisa",
    Pinned.HUB: "Checksum: told by huggingface.co",
    Pinned.UNKNOWN: "Checksum: asked before the download",
}
FITS = {Fit.GOOD: "", Fit.TIGHT: "A tight fit", Fit.TOO_BIG: "Too big for this computer"}
MOST = 120
"""Characters of a foreign name that are worth showing."""
MOST_IN_A_LINE = 30
"""And where other words must have room on the same line."""


def plain(text: str, most: int = MOST) -> str:
    """Words of others on one line, with nothing in them that can't be seen, and not endless (`most` characters)."""
    seen = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * most])
    words = " ".join(seen.split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def offer_size(offer: Offer) -> str:
    """What is to be downloaded, what it takes then, and that it fits where it does."""
    download = f"{amounts.size(offer.bytes)} to download" if offer.bytes else "size not known yet"
    memory = f"takes {amounts.size(offer.memory_bytes)} of memory" if offer.memory_bytes else ""
    return _joined(download, memory, "fits this computer well" if offer.fit is Fit.GOOD and memory else "")


def offer_speed(offer: Offer) -> str:
    """How fast it will be here; empty before that was measured."""
    if offer.tokens_per_second is None:
        return ""
    return f"Writes {amounts.pace(offer.tokens_per_second)} ({amounts.speed(offer.tokens_per_second)})"


def licence_words(offer: Offer) -> str:
    """The licence, and where its text is to be read."""
    host = _host(offer.licence_url)
    return f"{plain(offer.licence)} ({host})" if host else plain(offer.licence)


def fetch_words(fetch: Fetch) -> str:
    """Where a download stands."""
    share = _share(fetch)
    match fetch.state:
        case FetchState.WAITING:
            return plain_sentence(fetch.sentence) or "About to begin"
        case FetchState.RUNNING:
            return _joined(share, amounts.rate(fetch.rate) if fetch.rate else "", amounts.left(fetch.left))
        case FetchState.STALLED:
            return plain_sentence(fetch.sentence) or "Nothing is coming at the moment; I keep trying."
        case FetchState.PAUSED:
            return _joined("Paused", share)
        case FetchState.CHECKING:
            return "Checking that it is just what was published"
        case FetchState.FAILED:
            return plain_sentence(fetch.sentence) or "It could not be fetched."
        case _:
            return ""


def short_fetch_words(fetches: Iterable[Fetch]) -> str:
    """A line on the download that is at work, for places where there is only one; empty when there is none."""
    fetch = at_work(fetches)
    if fetch is None:
        return ""
    name = plain(fetch.title, MOST_IN_A_LINE)
    match fetch.state:
        case FetchState.CHECKING:
            return f"Checking {name}"
        case FetchState.STALLED:
            return f"Getting {name}: waiting for the net"
        case FetchState.WAITING:
            return f"Getting {name}: about to begin"
    details = [amounts.percent(progress(fetch) or 0.0) if fetch.total else "", amounts.left(fetch.left)]
    return f"Getting {name}: {', '.join(filter(None, details)) or 'it begins'}"


def at_work(fetches: Iterable[Fetch]) -> Fetch | None:
    """The first download that does something now."""
    return next((fetch for fetch in fetches if fetch.state in AT_WORK), None)


def progress(fetch: Fetch) -> float | None:
    """The share of a download that is here (0-1); None where its size is not known."""
    return min(1.0, fetch.done / fetch.total) if fetch.total > 0 else None


def brain_facts(brain: Brain) -> str:
    """What kind of model it is, and how big."""
    return _joined(amounts.size(brain.bytes) if brain.bytes else "", kind(brain), plain(brain.licence))


def kind(brain: Brain) -> str:
    """Architecture, parameters and quantization."""
    return " ".join(filter(None, map(plain, (brain.architecture, brain.parameters, brain.quantization))))


def plain_sentence(sentence: str) -> str:
    """A sentence of ours that may hold names of others: all of it, with nothing in it that can't be seen."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in sentence).split())


def _share(fetch: Fetch) -> str:
    share = progress(fetch)
    if share is None:
        return amounts.size(fetch.done) if fetch.done else "It begins"
    return _joined(amounts.percent(share), amounts.part_of(fetch.done, fetch.total))


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
