"""Checks of the place where overlays find me."""

from __future__ import annotations

import asyncio
import errno
import json

import psutil

from alisa_desktop.core.health import Way
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good
from alisa_desktop.server.access import LOOPBACK
from alisa_desktop.server.neighbour import is_alisa
from alisa_desktop.server.serve import bind_once

OTHER_PORT = "Close it, or choose another port in Settings, Overlays."


def look_at_port(case: Case) -> Answer:
    """Whether overlays find me, or will."""
    if not case.settings.endpoint_on:
        return good("Overlays are switched off.")
    wished = case.settings.endpoint_port
    if serving := _serving(case):
        if serving == wished:
            return good(f"Overlays find me at port {serving}.")
        found = f"Port {wished} was taken by another program, so overlays find me at port {serving}."
        return bad(found, OTHER_PORT, Way.OVERLAYS)
    try:
        bind_once(LOOPBACK, wished)
    except PermissionError:
        return bad(
            f"The system keeps port {wished} for itself.", "Choose another port in Settings, Overlays.", Way.OVERLAYS
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE or asyncio.run(is_alisa(wished)):
            who = "another Alisa" if asyncio.run(is_alisa(wished)) else "another program"
            return bad(
                f"Port {wished} is taken by {who}, so overlays will find me elsewhere.", OTHER_PORT, Way.OVERLAYS
            )
        return bad(f"Port {wished} can't be used ({error.strerror}).", OTHER_PORT, Way.OVERLAYS)
    return good(f"Port {wished} is free for overlays.")


def _serving(case: Case) -> int:
    """The port at which she serves now with this profile, by her file in it; 0 where she doesn't."""
    try:
        told = json.loads(case.paths.endpoint.read_text(encoding="utf-8"))
        port, pid = int(told["port"]), int(told["pid"])
    except (OSError, ValueError, TypeError, LookupError):
        return 0
    return port if psutil.pid_exists(pid) and asyncio.run(is_alisa(port)) else 0


CHECKS = (Check("port", "Port for overlays", look_at_port),)
