from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hub import COMMIT, LocalHub, Trick

from alisa_desktop.core.brains import Pinned
from alisa_desktop.core.errors import CatalogFailed, DownloadFailed
from alisa_desktop.model.catalog import Catalog, CatalogModel
from alisa_desktop.model.disk import replace_file
from alisa_desktop.model.hub import Hub, Pins, Wanted, hub_endpoint, pin_catalog
from alisa_desktop.model.web import Lost, Web, retry_after

REPOSITORY = "someone/Tiny-GGUF"
WORDS, EYES = b"GGUF words", b"GGUF eyes, which are longer"


def listed(*, sha256: str | None = None, size: int | None = None, revision: str = "main") -> dict[str, Any]:
    return {
        "id": "tiny",
        "title": "Tiny",
        "repository": REPOSITORY,
        "revision": revision,
        "files": [
            {"name": "tiny.gguf", "role": "model", "bytes": size, "sha256": sha256},
            {"name": "eyes.gguf", "role": "projector", "bytes": size, "sha256": sha256},
        ],
        "licence": "MIT",
        "licence_url": "https://example.org/licence",
        "parameters": "3 million",
        "quantization": "F16",
        "context_tokens": 2048,
        "architecture": "llama",
        "attention": "full",
        "memory_bytes": None,
        "sees": True,
        "good_at": "Tests.",
        "prompt_notes": "None.",
    }


def model(**facts: Any) -> CatalogModel:
    return CatalogModel.model_validate_json(json.dumps(listed(**facts)))


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        hub.put(REPOSITORY, "tiny.gguf", WORDS)
        hub.put(REPOSITORY, "eyes.gguf", EYES)
        hub.put(REPOSITORY, "README.md", b"# Tiny", lfs=False)
        yield hub


async def settle(hub: LocalHub, pins: Pins, wanted: CatalogModel) -> tuple[Wanted, ...]:
    async with Web(hub.endpoint) as web:
        return await pins.settle(wanted, Hub(web, hub.endpoint))


def test_the_hub_is_that_of_the_environment() -> None:
    assert hub_endpoint({}) == "https://huggingface.co"
    assert hub_endpoint({"HF_ENDPOINT": " "}) == "https://huggingface.co"
    assert hub_endpoint({"HF_ENDPOINT": "https://mirror.example.org/hf/ "}) == "https://mirror.example.org/hf"


async def test_what_the_hub_says_is_held_on_to(hub: LocalHub, tmp_path: Path) -> None:
    path = tmp_path / "profile" / "models" / "pins.json"
    pins = Pins(path)
    assert (pins.known(model()), pins.size(model())) == (Pinned.UNKNOWN, 0)
    words, eyes = await settle(hub, pins, model())
    assert (words.bytes, eyes.bytes) == (len(WORDS), len(EYES))
    assert words.url == f"{hub.endpoint}/{REPOSITORY}/resolve/{COMMIT}/tiny.gguf"
    assert words.sha256 == hub.stored(REPOSITORY, "tiny.gguf").sha256  # type: ignore[union-attr]  # it is there
    assert hub.asked[0].path == f"/api/models/{REPOSITORY}/revision/main?blobs=true"
    again = Pins(path)
    assert (again.known(model()), again.size(model())) == (Pinned.HUB, len(WORDS) + len(EYES))
    assert await settle(hub, again, model()) == (words, eyes)
    assert len(hub.asked) == 1
    assert [one.name for one in path.parent.iterdir()] == ["pins.json"]


async def test_of_two_models_at_once_both_are_held_on_to(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: Path, data: bytes) -> None:
        time.sleep(0.1)
        replace_file(path, data)

    monkeypatch.setattr("alisa_desktop.model.hub.replace_file", slow)
    other = model().model_copy(update={"repository": "someone/Other-GGUF"})
    hub.put(other.repository, "tiny.gguf", WORDS)
    hub.put(other.repository, "eyes.gguf", EYES)
    pins = Pins(tmp_path / "pins.json")
    await asyncio.gather(settle(hub, pins, model()), settle(hub, pins, other))
    for known in (pins, Pins(tmp_path / "pins.json")):
        assert known.size(model()) == known.size(other) == len(WORDS) + len(EYES)


async def test_a_first_pin_wins_over_what_the_hub_says_later(hub: LocalHub, tmp_path: Path) -> None:
    pins = Pins(tmp_path / "pins.json")
    first = await settle(hub, pins, model())
    hub.put(REPOSITORY, "tiny.gguf", b"something else")
    assert await settle(hub, Pins(tmp_path / "pins.json"), model()) == first


async def test_the_hub_contradicting_a_pin_is_an_error(hub: LocalHub, tmp_path: Path) -> None:
    await settle(hub, Pins(tmp_path / "pins.json"), model())
    kept = json.loads((tmp_path / "pins.json").read_text())
    del kept["pins"][REPOSITORY]["eyes.gguf"]
    (tmp_path / "pins.json").write_text(json.dumps(kept))
    hub.put(REPOSITORY, "tiny.gguf", b"something else")
    with pytest.raises(DownloadFailed, match=r"another file under the name tiny\.gguf than the one I know"):
        await settle(hub, Pins(tmp_path / "pins.json"), model())
    assert json.loads((tmp_path / "pins.json").read_text()) == kept


async def test_our_own_pin_needs_no_hub(hub: LocalHub, tmp_path: Path) -> None:
    ours = model(sha256="ab" * 32, size=7, revision="d" * 40)
    pins = Pins(tmp_path / "pins.json")
    wanted = await settle(hub, pins, ours)
    assert {(one.bytes, one.sha256) for one in wanted} == {(7, "ab" * 32)}
    assert wanted[0].url.endswith(f"/resolve/{'d' * 40}/tiny.gguf")
    assert pins.known(ours) is Pinned.CATALOG
    assert hub.asked == []


async def test_ours_counts_more_than_the_first_and_that_more_than_a_fetched_list(hub: LocalHub, tmp_path: Path) -> None:
    pins = Pins(tmp_path / "pins.json")
    first = await settle(hub, pins, model())
    ours = model(sha256="ab" * 32, size=7, revision="d" * 40)
    assert {one.bytes for one in await settle(hub, pins, ours)} == {7}
    fetched = ours.as_refreshed()
    assert await settle(hub, pins, fetched) == first
    assert pins.known(fetched) is Pinned.HUB
    assert Pins(tmp_path / "none.json").known(fetched) is Pinned.CATALOG


async def test_damaged_notes_are_set_aside(hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "pins.json").write_text('{"pins": {"a": {"b": {"revision": "main", "bytes": 1, "sha256": "x"}}}}')
    pins = Pins(tmp_path / "pins.json")
    assert "were damaged" in pins.notice
    assert len(list(tmp_path.glob("pins.damaged-*.json"))) == 1
    await settle(hub, pins, model())
    assert Pins(tmp_path / "pins.json").notice == ""


async def test_notes_that_can_not_be_written_are_told(hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(DownloadFailed, match="I can't note what the files of Tiny have to be"):
        await settle(hub, Pins(tmp_path / "models" / "pins.json"), model())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Sign in</html>", "I don't understand what"),
        (b"[]", "I don't understand what"),
        (b'{"sha": "main", "siblings": []}', "I don't understand what"),
        (json.dumps({"sha": COMMIT, "siblings": []}).encode(), "no longer offered as tiny.gguf"),
        (json.dumps({"sha": COMMIT, "siblings": [{"rfilename": "tiny.gguf"}]}).encode(), "no longer offered as"),
        (
            json.dumps({"sha": COMMIT, "siblings": [{"rfilename": n} for n in ("tiny.gguf", "eyes.gguf")]}).encode(),
            "no checksum of tiny.gguf",
        ),
        (
            json.dumps(
                {"sha": COMMIT, "siblings": [{"rfilename": "tiny.gguf", "lfs": {"sha256": "00", "size": 5}}]}
            ).encode(),
            "I don't understand what",
        ),
        (json.dumps({"sha": COMMIT, "siblings": [{"rfilename": "tiny.gguf", "lfs": []}]}).encode(), "I don't"),
        (bytes(5 << 20), "far too long"),
    ],
)
async def test_strange_metadata_is_told_and_nothing_kept(
    hub: LocalHub, tmp_path: Path, body: bytes, words: str
) -> None:
    hub.metadata_tricks.append(Trick(body=body))
    with pytest.raises(DownloadFailed) as told:
        await settle(hub, Pins(tmp_path / "pins.json"), model())
    assert words in told.value.sentence
    assert not (tmp_path / "pins.json").exists()


async def test_a_model_that_is_gone_is_told(hub: LocalHub, tmp_path: Path) -> None:
    hub.metadata_tricks.append(Trick(status=404))
    with pytest.raises(DownloadFailed, match=r"doesn't have what the hub knows about Tiny any longer \(404\)"):
        await settle(hub, Pins(tmp_path / "pins.json"), model())


async def test_a_busy_hub_may_be_asked_again(hub: LocalHub, tmp_path: Path) -> None:
    hub.metadata_tricks.append(Trick(status=502))
    with pytest.raises(Lost):
        await settle(hub, Pins(tmp_path / "pins.json"), model())


async def test_a_hub_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    with LocalHub() as gone:
        pass
    with pytest.raises(Lost, match=r"The connection to 127\.0\.0\.1 was lost\."):
        await settle(gone, Pins(tmp_path / "pins.json"), model())


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://127.0.0.1:1"])
async def test_a_proxy_of_an_unknown_kind_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(DownloadFailed, match="The proxy in the environment"):
        async with Web("https://example.org"):
            pass


async def test_certificates_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(DownloadFailed, match="SSL_CERT_FILE"):
        async with Web("https://example.org"):
            pass


async def test_the_proxy_of_the_environment_is_used(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", hub.endpoint)  # which refuses to be one
    async with Web("https://example.org") as web:
        with pytest.raises(Lost, match="The proxy doesn't let me through"):
            await web.read("https://example.org/x", 10, "it")


@pytest.fixture
def unknown_certificate(tmp_path: Path) -> Iterator[str]:
    """The address of an https server that nobody vouches for."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("no openssl here")
    both = tmp_path / "both.pem"
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *arguments, *names, *files], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

        def finish_request(self, request: Any, client_address: Any) -> None:
            with context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if self.path == "/down" else 200)
            self.send_header("Location", "http://127.0.0.1:1/plain")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"it")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("address", ["https://xn--\u00e4/", "https://a\0b/", "https://", "ftp://example.org/"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(DownloadFailed, match="is no safe"):
        Web(address)


async def test_https_never_steps_down(
    unknown_certificate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with Web(unknown_certificate) as web:
        assert await web.read(unknown_certificate + "/it", 10, "it") == b"it"
        with pytest.raises(DownloadFailed, match=r"sent to http://127\.0\.0\.1:1/plain, which is no safe"):
            await web.read(unknown_certificate + "/down", 10, "it")


async def test_an_answer_that_never_ends_is_lost(hub: LocalHub) -> None:
    hub.put("a/b", "x", b"slow")
    hub.tricks.append(Trick(hold_after=2))
    async with Web(hub.endpoint, whole=0.2) as web:
        with pytest.raises(Lost, match=r"takes too long to tell me it"):
            await web.read(f"{hub.endpoint}/a/b/resolve/main/x", 10, "it")


async def test_a_certificate_nobody_vouches_for_is_refused(unknown_certificate: str) -> None:
    async with Web(unknown_certificate) as web:
        with pytest.raises(DownloadFailed, match="its certificate can't be verified"):
            await web.read(unknown_certificate, 10, "it")


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert retry_after("120", now) == 120.0
    assert retry_after("Tue, 01 Jan 2030 00:00:30 GMT", now) == 30.0
    assert retry_after("Tue, 01 Jan 2030 00:00:30 -0000", now) == 30.0
    assert retry_after("Mon, 01 Jan 2029 00:00:30 GMT", now) == 0.0
    assert retry_after("99999", now) == 600.0
    for nonsense in ("", "soon", "-5", "१२", "Tue, 99 Jan 2030"):
        assert retry_after(nonsense, now) is None


class TestPinningOurOwnList:
    async def test_what_is_unpinned_is_filled_in(self, hub: LocalHub, tmp_path: Path) -> None:
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps({"version": 3, "models": [listed()]}), encoding="utf-8")
        assert await pin_catalog(path, hub.endpoint) == ["tiny"]
        catalog = Catalog.load(path, tmp_path / "none.json")
        assert catalog.version == 4
        tiny = catalog.models[0]
        assert tiny.revision == COMMIT
        assert [file.bytes for file in tiny.files] == [len(WORDS), len(EYES)]
        before = path.read_bytes()
        hub.put(REPOSITORY, "tiny.gguf", b"something else")
        assert await pin_catalog(path, hub.endpoint) == []
        assert path.read_bytes() == before

    async def test_without_a_checksum_nothing_is_changed(self, hub: LocalHub, tmp_path: Path) -> None:
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps({"version": 3, "models": [listed()]}), encoding="utf-8")
        before = path.read_bytes()
        hub.put(REPOSITORY, "eyes.gguf", EYES, lfs=False)
        with pytest.raises(CatalogFailed, match=r"no checksum of eyes\.gguf"):
            await pin_catalog(path, hub.endpoint)
        assert path.read_bytes() == before
