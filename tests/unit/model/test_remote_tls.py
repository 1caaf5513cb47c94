"""A server behind TLS; the key and the certificates are for these tests alone."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alisa_desktop.core.errors import ModelUnreachable
from alisa_desktop.core.messages import Chunk, Message, ModelState, Prompt, Role
from alisa_desktop.model.remote import Patience, RemoteModel

HELLO = Prompt((Message(Role.USER, "hello"),))
LONG = Patience(connect=30, first_token=60, next_token=60)
REPLY = (
    b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: {"choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n'
)

KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOE6eKjCHsMnUct5P
LOwr7mgFShs11VwzuDcbujagCluhRANCAASlef01OwtpvouDrqqVHLTEddjRep26
tXNF4hZGcgC/G9LNnzYn6Z7O7kxouL7iC2S214dwZnsbKcmgrWT1XQob
-----END PRIVATE KEY-----
"""
HERE = """\
-----BEGIN CERTIFICATE-----
MIIBQTCB56ADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC0FsaXNhIHRl
c3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAWMRQwEgYDVQQD
DAtBbGlzYSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKV5/TU7C2m+
i4OuqpUctMR12NF6nbq1c0XiFkZyAL8b0s2fNifpns7uTGi4vuILZLbXh3Bmexsp
yaCtZPVdChujJDAiMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAK
BggqhkjOPQQDAgNJADBGAiEAgUxyIOf/f3ylQLDOlOzl/sHqOxA62dNv6Un/5H0T
g1sCIQClAbQfV2aMYrXsldwscpxz3w46XPLwGqvfvscS6k1UPw==
-----END CERTIFICATE-----
"""
EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBPjCB5aADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC0FsaXNhIHRl
c3RzMB4XDTIwMDEwMTAwMDAwMFoXDTIwMDIwMTAwMDAwMFowFjEUMBIGA1UEAwwL
QWxpc2EgdGVzdHMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASlef01OwtpvouD
rqqVHLTEddjRep26tXNF4hZGcgC/G9LNnzYn6Z7O7kxouL7iC2S214dwZnsbKcmg
rWT1XQoboyQwIjAPBgNVHRMBAf8EBTADAQH/MA8GA1UdEQQIMAaHBH8AAAEwCgYI
KoZIzj0EAwIDSAAwRQIgDp3t6YpJ7J/aIt/Geco4pP0Iwga5ZTA3wSbmSiZ8WcIC
IQCdvkJgSQe/B99BWx9atgNJhST0Tk2VUhpiNMoTiAnvZg==
-----END CERTIFICATE-----
"""
ELSEWHERE = """\
-----BEGIN CERTIFICATE-----
MIIBTTCB9KADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC0FsaXNhIHRl
c3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAWMRQwEgYDVQQD
DAtBbGlzYSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKV5/TU7C2m+
i4OuqpUctMR12NF6nbq1c0XiFkZyAL8b0s2fNifpns7uTGi4vuILZLbXh3Bmexsp
yaCtZPVdChujMTAvMA8GA1UdEwEB/wQFMAMBAf8wHAYDVR0RBBUwE4IRZWxzZXdo
ZXJlLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgeQGAoYuQDYnULbnUWg6dG5ZG
Bc/sP7kKzt874PPIRLsCIQCN3NdYKm0oN0tEpMc4RMJYnA1IL4+fWZINuK7ko4Js
jQ==
-----END CERTIFICATE-----
"""


async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        if await reader.readexactly(1) == b"\x16":  # a TLS handshake, to a server without TLS
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        else:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(REPLY)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def serving(folder: Path, certificate: str) -> AsyncIterator[int]:
    """A server with this certificate ("": without TLS) on the port it gives."""
    context = None
    if certificate:
        chain = folder / "served.pem"
        chain.write_text(KEY + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
    server = await asyncio.start_server(reply, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for the certificates that are trusted; they are read when a model first needs them."""
    path = tmp_path / "trusted.pem"
    path.write_text(HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return path


async def test_a_server_with_a_trusted_certificate_answers(tmp_path: Path, trusted: Path) -> None:
    async with serving(tmp_path, HERE) as port:
        model = RemoteModel(f"https://127.0.0.1:{port}", "m", "key", patience=LONG)
        for _ in range(2):
            heard = [part async for part in model.stream(HELLO)]
            assert heard[0] == Chunk("Hi")
        assert model.status.state is ModelState.READY


@pytest.mark.parametrize(
    ("served", "trusts", "words"),
    [
        (EXPIRED, EXPIRED, "has expired. Check the clock"),
        (ELSEWHERE, ELSEWHERE, "is for another name. Check the address in Settings"),
        (ELSEWHERE, HERE, "can't be verified. Check the address"),
        ("", HERE, "doesn't answer in https.*begin with http://; correct it in Settings"),
    ],
)
async def test_a_certificate_that_is_wrong(tmp_path: Path, trusted: Path, served: str, trusts: str, words: str) -> None:
    trusted.write_text(trusts)
    async with serving(tmp_path, served) as port:
        with pytest.raises(ModelUnreachable, match=words):
            await anext(RemoteModel(f"https://127.0.0.1:{port}", "m", "key", patience=LONG).stream(HELLO))


async def test_http_spoken_to_an_https_port(tmp_path: Path) -> None:
    async with serving(tmp_path, HERE) as port:
        with pytest.raises(ModelUnreachable, match="may have to begin with https://"):
            await anext(RemoteModel(f"http://127.0.0.1:{port}", "m", patience=LONG).stream(HELLO))


async def test_certificates_that_cannot_be_read(trusted: Path) -> None:
    trusted.write_text("none")
    with pytest.raises(ModelUnreachable, match="SSL_CERT_FILE"):
        await anext(RemoteModel("https://127.0.0.1:9", "m", patience=LONG).stream(HELLO))
