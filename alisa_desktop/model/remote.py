"""Words from any OpenAI-compatible chat-completions server, streamed.

The beginning of a reply can't be forced here: a prompt's `choice` is left to its system prompt.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

from alisa_desktop.core.errors import ModelError, ModelMissing, ModelUnreachable
from alisa_desktop.core.messages import (
    Chunk,
    Message,
    ModelState,
    ModelStatus,
    Occasion,
    Prompt,
    StreamPart,
    Usage,
    notes_for_any_model,
)
from alisa_desktop.model import completions
from alisa_desktop.model.completions import BadEvent, Event

MAX_ERROR_BODY = 65_536
NOT_A_MODEL = "Check the address in Settings; it usually ends in /v1/chat/completions."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds: to connect, for the first token, and between tokens."""

    connect: float = 5.0
    first_token: float = 120.0
    next_token: float = 60.0


class RemoteModel:
    """A `ChatModel` on a server; use it on the loop's thread.

    `url` is the chat-completions address (a bare server address or one that ends in /v1 is completed), `key` goes out
    as Bearer token when it is not empty. `sees` says whether the model can look at pictures, which servers offer no
    common way to ask. Proxy settings of the environment are not applied to this machine itself,
    and redirects are not followed, so that the key reaches nobody else.
    """

    def __init__(
        self,
        url: str,
        model_name: str,
        key: str = "",
        *,
        context_tokens: int = 4096,
        sees: bool = False,
        on_status: Callable[[ModelStatus], None] = lambda _: None,
        patience: Patience | None = None,
    ) -> None:
        self._url = url
        self._model = model_name
        self._key = key.strip()
        self._context = context_tokens
        self._sees = sees
        self._on_status = on_status
        self._patience = patience or Patience()
        self._wants_usage = True
        self._probe: asyncio.Task[None] | None = None
        self._status = ModelStatus(ModelState.LOADING, model_name, sees=sees)

    @property
    def status(self) -> ModelStatus:
        """Where the server stands, as far as the last contact told."""
        return self._status

    @property
    def context_tokens(self) -> int:
        """The room for prompt and reply together, in tokens, as we were told; servers offer no common way to ask."""
        return self._context

    async def start(self) -> None:
        """Begin to look for the server in the background and return at once."""
        if self._probe is None:
            self._tell(ModelState.LOADING)
            self._probe = asyncio.create_task(self._look(), name="model server probe")

    async def close(self) -> None:
        """Stop looking for the server; streams are closed by those who read them."""
        if self._probe:
            self._probe.cancel()
            with suppress(asyncio.CancelledError):
                await self._probe
        self._probe = None

    async def ready(self) -> None:
        """Wait until the server has answered once; raises `ModelError` when it doesn't."""
        if self._probe and not self._probe.done():
            await asyncio.shield(self._probe)
        elif self._status.state is not ModelState.READY:
            await self._look()
        match self._status.state:
            case ModelState.MISSING:
                raise ModelMissing(self._status.detail)
            case ModelState.FAILED:
                raise ModelUnreachable(self._status.detail)

    async def notes(self, occasion: Occasion) -> list[str]:
        """Return the notes for a message: all facts that it asks for."""
        return notes_for_any_model(occasion)

    async def count(self, messages: Sequence[Message]) -> int:
        """Return an estimate, rather too many than too few; servers offer no common way to ask."""
        return completions.estimated_tokens(messages)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Generate one reply; closing the generator drops the connection. See `ChatModel.stream`."""
        usage: Usage | None = None
        pieces = 0
        try:
            async with self._reply(prompt) as response, aclosing(self._events(response)) as events:
                async for event in events:
                    usage = completions.event_usage(event) or usage
                    if text := completions.event_text(event):
                        pieces += 1
                        yield Chunk(text)
        except ModelError as error:
            self._note(error)
            raise
        self._tell(ModelState.READY)
        tokens = completions.estimated_tokens(prompt.messages)
        yield usage or Usage(tokens, tokens, pieces)

    # The wire

    async def _look(self) -> None:
        """Ask for the list of models; any answer shows that the server is there, except a refused key."""
        try:
            address = completions.chat_address(self._url)
            async with self._client(address) as client, self._patient(self._patience.first_token):
                models = address.copy_with(path=address.path.replace("/chat/completions", "/models"))
                response = await client.get(models)
            if response.status_code in (401, 403):
                raise completions.status_error(response.status_code, response.text, address, self._model)
        except ModelError as error:
            self._note(error)
        else:
            self._tell(ModelState.READY)

    @asynccontextmanager
    async def _reply(self, prompt: Prompt) -> AsyncIterator[httpx.Response]:
        """Give the response to the request for one reply; without usage from servers that don't know that."""
        address = completions.chat_address(self._url)
        async with self._client(address) as client:
            response = await self._send(client, address, prompt)
            if response.status_code == 400 and self._wants_usage:
                self._wants_usage = False
                await response.aclose()
                response = await self._send(client, address, prompt)
            try:
                await self._check(response, address, with_picture=bool(prompt.picture))
                yield response
            finally:
                await response.aclose()

    def _client(self, address: httpx.URL) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=self._patience.connect),
            headers=[(b"Authorization", b"Bearer " + self._key.encode())] if self._key else None,
            trust_env=not completions.is_this_machine(address),
        )

    async def _send(self, client: httpx.AsyncClient, address: httpx.URL, prompt: Prompt) -> httpx.Response:
        body = completions.request_body(prompt, self._model, with_usage=self._wants_usage)
        async with self._patient(self._patience.first_token):
            return await client.send(client.build_request("POST", address, json=body), stream=True)

    async def _check(self, response: httpx.Response, address: httpx.URL, *, with_picture: bool) -> None:
        if response.status_code != 200:
            said = await self._body(response)
            raise completions.status_error(response.status_code, said, address, self._model, with_picture=with_picture)
        if "html" in response.headers.get("content-type", ""):
            raise ModelUnreachable(f"{address} is a web page, not a model server. {NOT_A_MODEL}")

    async def _body(self, response: httpx.Response) -> str:
        body = b""
        async with self._patient(self._patience.next_token):
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ERROR_BODY:
                    break
        return body.decode("utf-8", "replace")

    async def _events(self, response: httpx.Response) -> AsyncGenerator[Event, None]:
        lines = response.aiter_lines()
        seconds, finished, begun = self._patience.first_token, False, False
        while True:
            async with self._patient(seconds):
                line = await anext(lines, None)
            event = None if line is None else _parsed(line)
            if line is None or event == {}:
                break
            if event is not None:
                finished = finished or completions.is_last(event)
                seconds, begun = self._patience.next_token, True
                yield event
        if line is None and not begun:
            raise ModelUnreachable(f"{self._url} answers, but not like a model server. {NOT_A_MODEL}")
        if line is None and not finished:
            raise ModelUnreachable("The model server stopped in the middle of the reply. Please try again.")

    @asynccontextmanager
    async def _patient(self, seconds: float) -> AsyncIterator[None]:
        """Wait at most so long, and turn every trouble of the line into a sentence."""
        server = f"the model server at {self._url}"
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise ModelUnreachable(
                f"I've waited {seconds:.0f} seconds for {server}, and it said nothing. Look at its window or log, "
                "or choose another model in Settings."
            ) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, UnicodeError) as error:  # no host name
            raise ModelUnreachable(f"I can't reach {server}. Start it, or check the address in Settings.") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ModelUnreachable(
                f"The connection to {server} broke. Please try again, and check the address in Settings if it stays so."
            ) from error

    # What the user is told

    def _note(self, error: ModelError) -> None:
        missing = isinstance(error, ModelMissing)
        self._tell(ModelState.MISSING if missing else ModelState.FAILED, error.sentence)

    def _tell(self, state: ModelState, detail: str = "") -> None:
        status = ModelStatus(state, self._model, detail, sees=self._sees)
        if status != self._status:
            self._status = status
            self._on_status(status)


def _parsed(line: str) -> Event | None:
    try:
        event = completions.parse_line(line)
    except BadEvent as error:
        raise ModelUnreachable(
            "The model server sent something I can't read in the middle of the reply. Please try again."
        ) from error
    if event and event.get("error"):
        reason = completions.server_message(json.dumps(event))
        raise ModelUnreachable(f"The model server gave up on the reply. It said: “{reason}” Please try again.")
    return event
