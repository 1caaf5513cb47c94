"""Keys live in the system's keyring, and Alisa says so when there is none."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError

from alisa_desktop.host.secrets import keep_key, read_key

SERVER = "http://127.0.0.1:8080/v1"


class InMemory(KeyringBackend):
    """A keyring that works."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("no such key")
        del self.kept[service, username]


class Locked(InMemory):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("hunter2")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("hunter2")


@pytest.fixture(autouse=True)
def _own_backend() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_tests_never_touch_the_users_keyring() -> None:
    assert isinstance(keyring.get_keyring(), null.Keyring)


def test_a_key_is_kept_read_and_forgotten() -> None:
    keyring.set_keyring(InMemory())
    assert read_key(SERVER) == ""
    assert keep_key(SERVER, "hunter2")
    assert read_key(SERVER) == "hunter2"
    assert read_key("http://other") == ""
    assert keep_key(SERVER, "")
    assert read_key(SERVER) == ""
    assert keep_key(SERVER, "")


@pytest.mark.parametrize("backend", [null.Keyring, fail.Keyring, Locked])
def test_without_a_keyring_nothing_is_kept_and_that_is_said(
    backend: type[KeyringBackend], caplog: pytest.LogCaptureFixture
) -> None:
    keyring.set_keyring(backend())
    assert read_key(SERVER) == ""
    assert keep_key(SERVER, "hunter2") is False
    assert "hunter2" not in caplog.text
