"""What goes wrong with a server of models, in sentences with the way out: what it refused, and how the line failed.

No sentence holds the text of an exception or the key; what a server said is quoted, short and on one line.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from alisa_desktop.core.errors import MessageTooLong, ModelUnreachable
from alisa_desktop.model.completions import Event, server_message
from alisa_desktop.model.servers import USUAL, is_local

SHOWN_MODELS = 5
LONGEST_HOST = 100
CHECK_ADDRESS = "Check the address in Settings; it usually ends in /v1/chat/completions."
BUILT_IN = "or choose the built-in brain in Settings."
CUT_OFF = "The model server stopped in the middle of the reply. Please try again."
UNREADABLE = "The model server sent something I can't read in the middle of the reply. Please try again."
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_START = {"LM Studio": "the server in LM Studio", "Jan": "the local API server in Jan"}
_TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_TOO_LONG_WORDS = re.compile(
    r"maximum context length|available context size|context (length|size|window)\b.*\bexceed|exceed\w*.*\bcontext"
    r"|context the overflows|greater than the context length|prompt is too long|input is too long",
    re.IGNORECASE,
)
_WANTS_TLS = re.compile(r"http request (?:was sent )?to (?:an )?https (?:port|server)", re.IGNORECASE)
_ROOM = re.compile(r"(?:context (?:length|size)\D{0,20}|n_ctx\D{1,4})(\d{2,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom. `picture`: one went along; `models` is what the server offers, None where it keeps
    that to itself."""

    address: httpx.URL
    model: str
    key: str = ""
    picture: bool = False
    models: tuple[str, ...] | None = None

    @property
    def place(self) -> str:
        """The host and port, without what else an address may hold."""
        return self.address.netloc.decode("ascii", "replace")[:LONGEST_HOST]

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return is_local(str(self.address))

    @property
    def program(self) -> str:
        """The program that usually listens there, "" where none is known."""
        return USUAL.get(self.address.port or 0, "") if self.local else ""

    def quoted(self, said: str) -> str:
        """What the server said, to be put behind a sentence; "" for nothing."""
        for key in {self.key, json.dumps(self.key)[1:-1]} - {""}:
            said = said.replace(key, "…")
        message = server_message(said)
        return f" It said: “{message}”" if message else ""


def is_loading(status: int, said: str) -> bool:
    """Tell whether a server asks for patience because its model is being loaded (llama-server)."""
    return status == 503 and "loading model" in server_message(said).lower()


def is_too_long(said: str) -> bool:
    """Tell whether an error body complains that the prompt doesn't fit the model's context."""
    return bool(_TOO_LONG_CODES & set(_codes(said)) or _TOO_LONG_WORDS.search(server_message(said)))


def told_room(said: str) -> int | None:
    """The size of the model's context (tokens) where an error body tells it."""
    room = _error(said).get("n_ctx")
    if isinstance(room, int) and room > 0:
        return room
    found = _ROOM.search(server_message(said))
    return int(found[1]) if found else None


def too_long(said: str) -> MessageTooLong:
    """The error for a prompt that doesn't fit."""
    room = told_room(said)
    holds = f" It holds {room} tokens." if room else ""
    return MessageTooLong(
        f"That is more than the server's model can read at once.{holds} Send less at a time, or let the server "
        "load the model with a larger context."
    )


def refusal(
    status: int, said: str, asked: Asked, wait: float | None = None, location: str = ""
) -> ModelUnreachable | MessageTooLong:
    """What an HTTP status other than 200 means for the user; `said` is its body, `wait` the Retry-After (s),
    `location` where it redirects to."""
    if status == 413 or (status in (400, 422, 500) and is_too_long(said)):
        return too_long(said)
    if status == 400 and _WANTS_TLS.search(said):
        return ModelUnreachable(
            f"The model server at {asked.place} wants an encrypted connection. In Settings, let its address begin "
            "with https://."
        )
    if 300 <= status < 400:
        return ModelUnreachable(_sent_away(location, asked))
    if status in (400, 404) and _is_unknown_model(status, said, asked):
        return ModelUnreachable(_unknown_model(asked) + asked.quoted(said))
    server = f"The model server at {asked.place}"
    return ModelUnreachable(f"{server} {_meaning(status, asked, wait)}{asked.quoted(said)}")


def _meaning(status: int, asked: Asked, wait: float | None) -> str:
    match status:
        case 400 if asked.picture:
            return (
                f"refused a request with a picture. The model “{asked.model}” may not be able to see pictures; "
                "choose one that can in Settings."
            )
        case 401 | 403 if not asked.key:
            return "wants a key. Enter it in Settings."
        case 401 | 403:
            return "doesn't accept my key. Enter the right one in Settings."
        case 404 | 405:
            return f"has nothing at {asked.address.path}. {CHECK_ADDRESS}"
        case 429 if wait:
            return f"has too much to do and asks me to wait {wait:.0f} seconds. Try again then."
        case 429:
            return "has too much to do, or your quota is used up. Wait a little and try again."
        case 511:
            return "is behind a sign-in page of this network. Sign in with the browser, then try again."
        case 503 | 529:
            return f"can't answer now ({status}). Look whether its model is loaded, and try again."
        case _ if status >= 500:
            return f"has a problem of its own ({status}). Look at its window or log."
        case _:
            return f"refused the request ({status}). Check the model in Settings."


def _sent_away(location: str, asked: Asked) -> str:
    try:
        target = asked.address.join(location).copy_with(query=None, fragment=None, username="", password="")
        name = f", {str(target)[:LONGEST_HOST]}" if location else ""
    except (httpx.InvalidURL, ValueError):
        name = ""
    there = f"The model server at {asked.place} sends me to another address{name}."
    return f"{there} If you trust it, enter it in Settings.{_sign_in(asked)}"


def _is_unknown_model(status: int, said: str, asked: Asked) -> bool:
    if "model_not_found" in _codes(said):
        return True
    message = server_message(said).lower()
    doubts = "model" in message and re.search(r"not found|not exist|no such|unknown|not loaded|invalid model", message)
    listed = bool(asked.models) and asked.model not in (asked.models or ())
    return bool(doubts or listed) if status == 404 else bool(doubts and listed)


def _unknown_model(asked: Asked) -> str:
    server = f"The model server at {asked.place}"
    if not asked.models:
        return f"{server} doesn't have the model “{asked.model}”. Load it there, or name another one in Settings."
    names = [f"“{name}”" for name in asked.models[:SHOWN_MODELS]]
    more = " and more" if len(asked.models) > SHOWN_MODELS else ""
    return f"{server} doesn't have the model “{asked.model}”. It has {', '.join(names)}{more}: choose one in Settings."


def gave_up(event: Event, asked: Asked) -> ModelUnreachable | MessageTooLong:
    """What an error in the middle of the stream means for the user."""
    said = json.dumps(event)
    if is_too_long(said):
        return too_long(said)
    return ModelUnreachable(f"The model server gave up on the reply. Please try again.{asked.quoted(said)}")


def no_model_server(kind: str, said: str, asked: Asked) -> ModelUnreachable:
    """What an answer without events means; `kind` is its Content-Type."""
    if "event-stream" in kind:
        return ModelUnreachable(
            f"The model server at {asked.place} began a reply and ended it without a word. Our talk may be longer than "
            "its context, or its model may have failed: look at its window or log."
        )
    if "html" in kind:
        return ModelUnreachable(f"{asked.place} sent a web page, not a reply. {CHECK_ADDRESS}{_sign_in(asked)}")
    return ModelUnreachable(f"{asked.place} answers, but not like a model server. {CHECK_ADDRESS}{asked.quoted(said)}")


def silence(seconds: float, asked: Asked) -> ModelUnreachable:
    """Nothing came for so long."""
    return ModelUnreachable(
        f"I've waited {seconds:.0f} seconds for the model server at {asked.place}, and it said nothing. "
        f"Look at its window or log, {BUILT_IN}"
    )


def failure(error: Exception, asked: Asked) -> ModelUnreachable:
    """What a failure of the line means for the user."""
    kinds = tuple(_causes(error))
    connecting = isinstance(error, httpx.ConnectError | UnicodeError)
    if certificate := next((cause for cause in kinds if isinstance(cause, ssl.SSLCertVerificationError)), None):
        return ModelUnreachable(_certificate(certificate.verify_code, asked))
    if connecting and any(isinstance(cause, ssl.SSLError) for cause in kinds):
        return ModelUnreachable(
            f"{asked.place} doesn't answer in https. If that server is your own, its address may begin with http://; "
            "correct it in Settings."
        )
    if isinstance(error, httpx.ProxyError):
        return ModelUnreachable(f"The proxy doesn't let me through to {asked.place}. Check HTTPS_PROXY and NO_PROXY.")
    if connecting and any(isinstance(cause, socket.gaierror | UnicodeError) for cause in kinds):
        return ModelUnreachable(
            f"I can't find a server of the name {asked.address.host[:LONGEST_HOST]}. Check the address in Settings, "
            "and whether this computer is online."
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in kinds):
        return ModelUnreachable(_nobody(asked))
    if connecting or isinstance(error, httpx.ConnectTimeout):
        return ModelUnreachable(
            f"I can't reach the model server at {asked.place}. Check whether it is on, whether this computer is "
            "online, and the address in Settings."
        )
    return ModelUnreachable(_broke(asked))


def _nobody(asked: Asked) -> str:
    if asked.program:
        return f"Nothing answers at {asked.place}. Start {_START.get(asked.program, asked.program)}, {BUILT_IN}"
    return f"Nothing answers at {asked.place}. Start the model server, check its address, {BUILT_IN}"


def _broke(asked: Asked) -> str:
    speaks = " Its address may have to begin with https://." if asked.address.scheme == "http" else ""
    return (
        f"The connection to the model server at {asked.place} broke. Please try again, and check the address in "
        f"Settings if it stays so.{speaks}"
    )


def _certificate(code: int, asked: Asked) -> str:
    unsafe = f"The connection to {asked.place} isn't safe, so I sent nothing: its certificate"
    if code == _EXPIRED:
        return f"{unsafe} has expired. Check the clock of this computer, or tell whoever runs the server."
    if code in _OTHER_NAME:
        return f"{unsafe} is for another name. Check the address in Settings."
    return (
        f"{unsafe} can't be verified. Check the address, the clock of this computer, and whether a proxy or virus "
        "scanner opens encrypted connections."
    )


def _sign_in(asked: Asked) -> str:
    return "" if asked.local else " If this network has a sign-in page, sign in with the browser first."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _codes(said: str) -> list[str]:
    error = _error(said)
    return [code for code in (error.get("code"), error.get("type")) if isinstance(code, str)]


def _error(said: str) -> Event:
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    error = told.get("error", told) if isinstance(told, dict) else {}
    return error if isinstance(error, dict) else {}
