"""The pictures that a prompt may bring: `data:` addresses of PNG and JPEG, nothing that would have to be fetched."""

from __future__ import annotations

import base64
import binascii
import re

from alisa_desktop.core.errors import ModelError

_DATA = re.compile(r"data:image/(?:png|jpeg);base64,", re.ASCII)
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")

BLIND = "My model can't look at pictures. Choose one that can in Settings."
UNREADABLE = "I can't read that picture. I can only look at PNG and JPEG pictures that came with the message."


def picture_bytes(address: str) -> bytes:
    """Return the PNG or JPEG file that a `data:` address holds; raises `ModelError` for anything else."""
    begin = _DATA.match(address)
    if begin is None:
        raise ModelError(UNREADABLE)
    try:
        data = base64.b64decode(address[begin.end() :], validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: not ASCII
        raise ModelError(UNREADABLE) from error
    if not data.startswith(_BEGINNINGS):
        raise ModelError(UNREADABLE)
    return data
