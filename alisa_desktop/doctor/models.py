"""Checks of what she thinks with: the model of the settings, and the files that were fetched."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from alisa_desktop.core.addresses import is_loopback
from alisa_desktop.core.brains import Brain
from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.health import Way
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good, unknown
from alisa_desktop.library import Check as Verified
from alisa_desktop.library import Library
from alisa_desktop.model.gguf_header import read_model_file
from alisa_desktop.settings.schema import ModelSource, Settings

ANSWER_SECONDS = 2.0
HALF_AN_HOUR = 1800.0


def look_at_brain(case: Case) -> Answer:
    """Whether what she is to think with is there."""
    match case.settings.model_source:
        case ModelSource.FILE:
            return _look_at_file(Path(case.settings.model_file))
        case ModelSource.SERVER:
            return _look_at_server(case.settings)
        case ModelSource.BUILTIN:
            return good("I think with my starter brain.")


def _look_at_file(path: Path) -> Answer:
    try:
        header = read_model_file(path.expanduser())
    except RuntimeError:  # "~name" of nobody here
        return bad(f"There is no {path}.", "Choose another model.", Way.BRAINS)
    except AlisaError as error:
        return bad("The model of your choice can't be used.", error.sentence, Way.BRAINS)
    return good(f"I think with {header.name}, and its file is sound.")


def _look_at_server(settings: Settings) -> Answer:
    try:
        address = urlsplit(settings.server_url)
        host = address.hostname or ""
        port = address.port or (443 if address.scheme == "https" else 80)
    except ValueError:
        host, port = "", 0
    if not host or not port:
        return bad("The address of my server is none.", "Correct it in Settings.", Way.MODEL)
    if not is_loopback(host):
        return unknown(f"I think with the server at {host}, which I don't ask without need.", way=Way.MODEL)
    try:
        socket.create_connection((host, port), ANSWER_SECONDS).close()
    except OSError:
        advice = "Start that server, or let me think with my starter brain."
        return bad(f"Nobody answers at port {port}, where my server should be.", advice, Way.MODEL)
    return good(f"My server on this machine answers at port {port}.")


def look_at_models(case: Case) -> Answer:
    """Whether the models that were fetched are what they have to be, byte for byte, and those linked are there."""
    if not case.paths.models.is_dir():
        return good("No models were fetched.")
    checks = asyncio.run(_verify(case))
    troubles = [check for check in checks if check.trouble]
    if troubles:
        titles = ", ".join(check.brain.title for check in troubles)
        return bad(f"Not usable: {titles}.", " ".join(check.trouble for check in troubles), Way.BRAINS)
    if not checks:
        return good("No models were fetched.")
    whole = sum(check.whole for check in checks)
    by_header = len(checks) - whole
    found = [f"{whole} checked byte by byte" if whole else "", f"{by_header} by their headers" if by_header else ""]
    return good(f"All models are sound: {', '.join(filter(None, found))}.")


async def _verify(case: Case) -> list[Verified]:
    library = Library(
        case.paths,
        use=lambda path: None,
        spawn=lambda work: work.close(),
        publish=lambda event: None,
        resumes=False,
    )
    try:
        brains = await library.brains()
        if case.quick:
            return [Verified(brain, False, brain.trouble) for brain in brains]
        return [await library.verify(brain.id, partial(_tell, case, brain)) for brain in brains]
    finally:
        await library.close()


def _tell(case: Case, brain: Brain, done: int, total: int) -> None:
    case.progress(brain.title, done, total)


CHECKS = (
    Check("brain", "Brain", look_at_brain),
    Check("models", "Models", look_at_models, seconds=HALF_AN_HOUR, long=True),
)
