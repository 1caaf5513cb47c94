"""The endpoint's routes: who is here, and the socket of the talk."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket
from starlette.types import ASGIApp

from alisa_desktop.server.access import AccessGuard, AccessPolicy
from alisa_desktop.server.hub import Hub

CHAT_PATH = "/ws/chat"


def create_app(hub: Hub, policy: AccessPolicy) -> ASGIApp:
    """The whole application, guard first. It serves no documentation pages.

    The server must put a function `abort`, which cuts the connection, into the state of a WebSocket's scope.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/")
    async def status() -> dict[str, str]:
        return {"status": "ok", "message": "Alisa Backend Running"}

    @app.websocket(CHAT_PATH)
    async def chat(socket: WebSocket) -> None:
        await hub.serve(socket, socket.scope["state"]["abort"])

    return AccessGuard(app, policy)
