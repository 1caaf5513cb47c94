"""What runs where, and what leaves this machine, in plain words. Without windows."""

from __future__ import annotations

from urllib.parse import urlsplit

from alisa_desktop.core.addresses import is_loopback
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.settings.schema import ModelSource, Settings


def model_place(settings: Settings, model: ModelStatus) -> str:
    """Which model thinks, on which machine, and that it rests where it does."""
    rests = "; resting, and she wakes up when you type" if model.state is ModelState.RESTING else ""
    return f"{model.name or 'no model yet'}, {place(settings)}{rests}"


def place(settings: Settings) -> str:
    """On which machine the model thinks, and by whose hand."""
    if settings.model_source is not ModelSource.SERVER:
        return "on this machine"
    here = ", on this machine" if is_here(settings.server_url) else ""
    return f"by the server at {host_of(settings.server_url)}{here}"


def endpoint_place(address: str) -> str:
    """Where overlays connect."""
    return f"{address}, for programs on this machine only" if address else "off"


def promise(settings: Settings) -> str:
    """What happens to the user's words; true for these settings."""
    if settings.model_source is not ModelSource.SERVER:
        return "Nothing of what you say leaves this machine: model, memory and settings are all here."
    host = host_of(settings.server_url)
    if is_here(settings.server_url):
        return (
            f"Alisa sends what you say only to the server at {host}, which is on this machine. "
            "What that server does with it is up to that server. Memory and settings stay here."
        )
    return (
        f"You chose the server at {host} as her model, so what you say, and what she remembers of your talk, "
        "is sent there. Nothing else leaves this machine; memory and settings are kept here."
    )


def far_host(settings: Settings) -> str:
    """The other machine to which the user's words go; empty where they stay on this one."""
    if settings.model_source is not ModelSource.SERVER or is_here(settings.server_url):
        return ""
    return host_of(settings.server_url)


def going_away(host: str) -> str:
    """That words leave this machine, and where they go."""
    return f"Your words go to {host}, which is not this computer."


def host_of(address: str) -> str:
    """The host of a URL, or the whole text when it is none."""
    return _host(address) or address


def is_here(address: str) -> bool:
    """Whether a URL leads to this very machine."""
    return is_loopback(_host(address))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
