"""Where the overlay page is that Alisa serves herself, made from the address of her endpoint. Without windows."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from urllib.parse import urlsplit


def overlay_page(address: str, token: str = "") -> str:
    """The overlay page beside the endpoint at `address` (ws://), with the token in the fragment.

    A fragment never leaves the browser. The token is there as `#token=`, in base64url of its UTF-8 without padding
    (RFC 4648, section 5).
    """
    fragment = f"#token={urlsafe_b64encode(token.encode()).decode().rstrip('=')}" if token else ""
    return f"http://{urlsplit(address).netloc}/overlay{fragment}"
