"""Words from any OpenAI-compatible chat-completions server, streamed.

The beginning of a reply can't be forced here: a prompt's `choice` is left to its system prompt.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import httpx

from alisa_desktop.core.errors import MessageTooLong, ModelError, ModelMissing, ModelUnreachable
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
from alisa_desktop.model import completions, refusals
from alisa_desktop.model.completions import BadEvent, Event
from alisa_desktop.model.connection import Connection, Patience, lines
from alisa_desktop.model.refusals import Asked
from alisa_desktop.model.servers import model_names
from alisa_desktop.model.web import retry_after

__all__ = ["Patience", "RemoteModel"]
SMALLEST_CONTEXT = 512


class RemoteModel:
    """A `ChatModel` on a server; use it on the loop's thread.

    `url` is the chat-completions address (a bare server address or one that ends in /v1 is completed), `key` goes out
    as Bearer token when it is not empty. `sees` says whether the model can look at pictures, which servers offer no
    common way to ask. See `Connection` for proxies and redirects.
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
        self._connection = Connection(self._patience)
        self._wants_usage = True
        self._probe: asyncio.Task[None] | None = None
        self._status = ModelStatus(ModelState.LOADING, model_name, sees=sees)

    @property
    def status(self) -> ModelStatus:
        """Where the server stands, as far as the last contact told."""
        return self._status

    @property
    def context_tokens(self) -> int:
        """The room for prompt and reply together, in tokens: as we were told, or less once a server has said so."""
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
            asked = self._asked(with_picture=bool(prompt.picture))
            async with self._reply(prompt, asked) as response, aclosing(self._events(response, asked)) as events:
                async for event in events:
                    usage = completions.event_usage(event) or usage
                    if text := completions.event_text(event):
                        pieces += 1
                        yield Chunk(text)
        except ModelError as error:
            self._note(error)
            raise
        except MessageTooLong:
            self._tell(ModelState.READY)
            raise
        self._tell(ModelState.READY)
        tokens = completions.estimated_tokens(prompt.messages)
        yield usage or Usage(tokens, tokens, pieces)

    # The wire

    def _asked(self, *, with_picture: bool = False) -> Asked:
        return Asked(completions.chat_address(self._url), self._model, self._key, with_picture)

    async def _look(self) -> None:
        """Ask for the list of models; any answer shows that the server is there, except a refused key."""
        try:
            asked = self._asked()
            async with self._connection.client(asked) as client:
                until = monotonic() + self._patience.first_token
                status, said = await self._models(client, asked)
                while refusals.is_loading(status, said) and monotonic() < until:
                    await self._let_it_load(asked)
                    status, said = await self._models(client, asked)
            if status in (401, 403) or refusals.is_loading(status, said):
                raise refusals.refusal(status, said, asked)
        except ModelError as error:
            self._note(error)
        else:
            self._tell(ModelState.READY)

    async def _models(self, client: httpx.AsyncClient, asked: Asked) -> tuple[int, str]:
        """Return status and body of the list of models."""
        request = client.build_request("GET", completions.models_address(asked.address))
        async with self._connection.patient(self._patience.next_token, asked):
            response = await client.send(request, stream=True)
        return response.status_code, await self._connection.body(response, asked)

    @asynccontextmanager
    async def _reply(self, prompt: Prompt, asked: Asked) -> AsyncIterator[httpx.Response]:
        """Give the response to the request for one reply."""
        async with self._connection.client(asked) as client:
            response = await self._accepted(client, prompt, asked)
            try:
                yield response
            finally:
                await response.aclose()

    async def _accepted(self, client: httpx.AsyncClient, prompt: Prompt, asked: Asked) -> httpx.Response:
        """Ask until a reply begins: again while the model is loaded, without usage where a server doesn't know that,
        and once more where it asks for a short wait."""
        with_usage, waited, until = self._wants_usage, False, monotonic() + self._patience.first_token
        while True:
            response = await self._send(client, prompt, asked, with_usage=with_usage)
            status, wait = response.status_code, _wait_asked(response)
            if status == 200:
                await self._check(response, asked)
                self._wants_usage = with_usage
                return response
            said = await self._connection.body(response, asked)
            if refusals.is_loading(status, said) and monotonic() < until:
                await self._let_it_load(asked)
            elif status == 400 and with_usage and not refusals.is_too_long(said):
                with_usage = False
            elif status == 429 and not waited and wait is not None and wait <= self._patience.busy:
                waited = True
                await asyncio.sleep(wait)
            else:
                if status in (400, 404) and not refusals.is_too_long(said):
                    asked = replace(asked, models=await self._offered(client, asked))
                self._learn(said)
                raise refusals.refusal(status, said, asked, wait, response.headers.get("location", ""))

    async def _send(
        self, client: httpx.AsyncClient, prompt: Prompt, asked: Asked, *, with_usage: bool
    ) -> httpx.Response:
        body = completions.request_body(prompt, self._model, with_usage=with_usage)
        async with self._connection.patient(self._patience.first_token, asked):
            return await client.send(client.build_request("POST", asked.address, json=body), stream=True)

    async def _check(self, response: httpx.Response, asked: Asked) -> None:
        """Raise an error for what is no stream of events by its own word."""
        kind = response.headers.get("content-type", "").lower()
        if "html" not in kind and "application/json" not in kind:
            return
        said = await self._connection.body(response, asked)
        self._learn(said)
        raise refusals.too_long(said) if refusals.is_too_long(said) else refusals.no_model_server(kind, said, asked)

    async def _offered(self, client: httpx.AsyncClient, asked: Asked) -> tuple[str, ...] | None:
        """The chat models the server has, None where it doesn't tell."""
        with suppress(ModelUnreachable):
            status, listed = await self._models(client, asked)
            return model_names(listed) if status == 200 else None
        return None

    async def _let_it_load(self, asked: Asked) -> None:
        self._tell(ModelState.LOADING, f"{asked.program or 'The model server'} is loading its model.")
        await asyncio.sleep(self._patience.loading)

    def _learn(self, said: str) -> None:
        """Take the server's word on the size of the context, so that the next prompt fits."""
        room = refusals.told_room(said) if refusals.is_too_long(said) else None
        if room:
            self._context = max(min(self._context, room), SMALLEST_CONTEXT)

    async def _events(self, response: httpx.Response, asked: Asked) -> AsyncGenerator[Event, None]:
        seconds, finished, begun, line = self._patience.first_token, False, False, None
        async with aclosing(lines(response)) as stream:
            while True:
                async with self._connection.patient(seconds, asked, begun=begun):
                    line = await anext(stream, None)
                event = None if line is None else self._parsed(line, asked)
                if line is None or event == {}:
                    break
                if event is not None:
                    finished = finished or completions.is_last(event)
                    seconds, begun = self._patience.next_token, True
                    yield event
        if line is None and not begun:
            raise refusals.no_model_server(response.headers.get("content-type", ""), "", asked)
        if line is None and not finished:
            raise ModelUnreachable(refusals.CUT_OFF)

    def _parsed(self, line: str, asked: Asked) -> Event | None:
        try:
            event = completions.parse_line(line)
        except BadEvent as error:
            raise ModelUnreachable(refusals.UNREADABLE) from error
        if event and event.get("error"):
            self._learn(json.dumps(event))
            raise refusals.gave_up(event, asked)
        return event

    # What the user is told

    def _note(self, error: ModelError) -> None:
        missing = isinstance(error, ModelMissing)
        self._tell(ModelState.MISSING if missing else ModelState.FAILED, error.sentence)

    def _tell(self, state: ModelState, detail: str = "") -> None:
        status = ModelStatus(state, self._model, detail, sees=self._sees)
        if status != self._status:
            self._status = status
            self._on_status(status)


def _wait_asked(response: httpx.Response) -> float | None:
    """The seconds a busy server asks to wait, None where it doesn't say."""
    asked = response.headers.get("retry-after", "")
    return retry_after(asked, datetime.now(UTC)) if asked else None
