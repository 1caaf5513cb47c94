"""The endpoint's routes: pages and schema for whoever looks, and the socket of the talk."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket
from starlette.types import ASGIApp

from alisa_desktop.server import pages, schema
from alisa_desktop.server.access import AccessGuard, AccessPolicy
from alisa_desktop.server.hub import Hub

CHAT_PATH = schema.PATH


def create_app(hub: Hub, policy: AccessPolicy, folders: pages.Folders) -> ASGIApp:
    """The whole application, guard first. It serves no documentation pages.

    The server must put two functions into the state of a WebSocket's scope: `abort`, which cuts the connection, and
    `send_now`, which sends a frame and returns True, or returns False when the connection does not take it at once.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)

    def state() -> pages.State:
        talk = hub.talk
        return pages.State(
            address=f"ws://{policy.host}:{policy.port}{CHAT_PATH}",
            mode=talk.mode.title,
            model=talk.model_status.name,
            model_state=talk.model_status.state,
            clients=len(hub.clients),
            wants_token=bool(policy.token),
        )

    app.include_router(pages.pages(pages.Site(folders, state)))
    app.include_router(schema.router(policy))

    @app.websocket(CHAT_PATH)
    async def chat(socket: WebSocket) -> None:
        state = socket.scope["state"]
        await hub.serve(socket, state["abort"], state["send_now"])

    return AccessGuard(app, policy)
