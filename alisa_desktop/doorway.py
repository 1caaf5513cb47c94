"""The endpoint as the engine keeps it: open, shut or moved as settings, ports and the sleep of the machine have it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from alisa_desktop.conversation.session import Conversation
from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.sight import Sight
from alisa_desktop.options import Options
from alisa_desktop.server.scene import listening_scene
from alisa_desktop.settings.file import write_json
from alisa_desktop.settings.schema import Settings

if TYPE_CHECKING:
    from alisa_desktop.server.serve import Endpoint

MOVED = "Port {wished} is taken by {who}, so overlays find me at port {port}."


class Doorway:
    """Where overlays come in. `told` is called with the address (empty while shut) and a sentence of trouble or "".

    Belongs to the loop's thread. The address is also in a file of the profile, for programs that look for her.
    """

    def __init__(self, options: Options, talk: Conversation, told: Callable[[str, str], None]) -> None:
        self.address = ""
        self.trouble = ""
        self._options = options
        self._talk = talk
        self._told = told
        self._endpoint: Endpoint | None = None
        self._scene = listening_scene(talk)  # whenever the endpoint opens, a reply may be under way

    async def open(self, settings: Settings) -> None:
        """Let clients in where they are wanted; what goes wrong is told, never raised."""
        if not self._options.endpoint:
            return
        self._withdraw_address()  # a crash may have left one
        if not (settings.endpoint_on or self._options.port is not None):
            return
        from alisa_desktop.server.access import AccessPolicy  # FastAPI takes long to import: only where it serves
        from alisa_desktop.server.pages import Folders
        from alisa_desktop.server.serve import Endpoint

        policy = AccessPolicy(
            settings.endpoint_port if self._options.port is None else self._options.port,
            allowed_origins=_listed(settings.endpoint_origins),
            token=settings.endpoint_token,
        )
        paths = self._options.paths
        endpoint = Endpoint(self._talk, policy, Folders(paths.resources, paths.sprites), scene=self._scene)
        try:
            await endpoint.start()
        except AlisaError as error:
            self._tell("", error.sentence)
            return
        self._endpoint = endpoint
        await self._announce(endpoint)

    async def close(self) -> None:
        """Bring every reply to its end and let nobody in any more."""
        if self._endpoint:
            endpoint, self._endpoint = self._endpoint, None
            self._withdraw_address()
            await endpoint.close()
            self._scene.vision = None  # nobody is told now what she sees next
        if self.address or self.trouble:
            self._tell("", "")

    async def check(self) -> None:
        """Make sure that clients still get in, after the machine slept or the network was away."""
        if endpoint := self._endpoint:
            try:
                if await endpoint.check():
                    await self._announce(endpoint)
            except AlisaError as error:
                self._withdraw_address()  # a stranger may listen there by now
                self._tell("", error.sentence)

    def send_away(self, client: str) -> None:
        """Disconnect the client of this name."""
        if self._endpoint:
            self._endpoint.send_away(client)

    def show(self, sight: Sight, *, with_text: bool) -> None:
        """Tell clients what she sees."""
        if self._endpoint:
            self._endpoint.show_vision(vision_update(sight, with_text=with_text))

    async def _announce(self, endpoint: Endpoint) -> None:
        trouble = await _moved(endpoint)
        if endpoint is not self._endpoint:
            return  # closed meanwhile
        with suppress(OSError):  # a profile that can't be written has been told already
            about = {"address": endpoint.address, "port": endpoint.port, "pid": os.getpid()}
            write_json(self._options.paths.endpoint, about)
        self._tell(endpoint.address, trouble)

    def _tell(self, address: str, trouble: str) -> None:
        self.address, self.trouble = address, trouble
        self._told(address, trouble)

    def _withdraw_address(self) -> None:
        with suppress(OSError):
            self._options.paths.endpoint.unlink()


async def _moved(endpoint: Endpoint) -> str:
    from alisa_desktop.server.neighbour import is_alisa

    if not endpoint.moved_from:
        return ""
    who = "another Alisa" if await is_alisa(endpoint.moved_from) else "another program"
    return MOVED.format(wished=endpoint.moved_from, who=who, port=endpoint.port)


def _listed(text: str) -> frozenset[str]:
    return frozenset(filter(None, (part.strip() for part in text.split(","))))


def vision_update(sight: Sight, *, with_text: bool) -> dict[str, object]:
    """What overlays are told of a look: never a blocked window's title, and its text only when the user allows it."""
    if sight.reason:
        return {"look": sight.depth.value, "hidden": True}
    told: dict[str, object] = {"look": sight.depth.value, "app_kind": str(sight.kind), "app": sight.app}
    told["title"] = sight.title
    if with_text and sight.text:
        told["text"] = sight.text
    return told
