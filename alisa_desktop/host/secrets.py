"""Keys of servers, in the keyring of the system; never in a file of ours."""

from __future__ import annotations

import logging

SERVICE = "Alisa Desktop"
log = logging.getLogger(__name__)


def read_key(server: str) -> str:
    """The key kept for this server address; empty when there is none or no keyring. May block: not on the loop."""
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(SERVICE, server) or ""
    except (keyring.errors.KeyringError, RuntimeError) as error:
        log.info("no keyring to read from: %s", type(error).__name__)
        return ""


def keyring_name() -> str:
    """What keeps keys here, in its own words; empty where nothing does. May block: not on the loop."""
    import keyring
    import keyring.errors

    try:
        ring = keyring.get_keyring()
        return ring.name if ring.priority > 0 else ""
    except (keyring.errors.KeyringError, RuntimeError) as error:
        log.info("no keyring to ask: %s", type(error).__name__)
        return ""


def keep_key(server: str, key: str) -> bool:
    """Keep the key for this server address, or forget it when `key` is empty; False when there is no keyring."""
    import keyring
    import keyring.errors

    try:
        if key:
            keyring.set_password(SERVICE, server, key)
            return keyring.get_password(SERVICE, server) == key  # switched off, it takes keys and drops them
        if keyring.get_password(SERVICE, server):
            keyring.delete_password(SERVICE, server)
    except (keyring.errors.KeyringError, RuntimeError) as error:
        log.info("no keyring to write to: %s", type(error).__name__)
        return False
    return True
