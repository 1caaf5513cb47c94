"""Which hosts are this very machine."""

from __future__ import annotations

import pytest

from alisa_desktop.core.addresses import is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost.", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_these_are(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "192.168.0.1", "localhost.evil.example", "evil-localhost", "::", "127.0.0.1.evil.example"]
)
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)
