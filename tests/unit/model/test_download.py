from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from io import FileIO
from pathlib import Path
from typing import IO, Any

import pytest
from hub import COMMIT, LocalHub, Trick
from own_tasks import own_tasks

from alisa_desktop.core.brains import Fetch, FetchState, Pinned
from alisa_desktop.core.errors import DownloadFailed
from alisa_desktop.model.catalog import Attention, CatalogFile, CatalogModel, Role
from alisa_desktop.model.disk import in_thread, inside, size_text
from alisa_desktop.model.download import Download
from alisa_desktop.model.downloads import Downloads
from alisa_desktop.model.hub import Pins
from alisa_desktop.model.part import Part
from alisa_desktop.model.patience import Means, Patience
from alisa_desktop.model.progress import Progress
from alisa_desktop.model.transfer import gathered

REPOSITORY = "someone/Tiny-GGUF"
WORDS = b"GGUF" + random.Random(1).randbytes(3_000_000)
EYES = b"GGUF" + random.Random(2).randbytes(200_000)
PLENTY = 1 << 50


def offered(*, sees: bool = False) -> CatalogModel:
    files = [CatalogFile(name="tiny.gguf", role=Role.MODEL, bytes=None, sha256=None)]
    if sees:
        files.append(CatalogFile(name="mmproj.gguf", role=Role.PROJECTOR, bytes=None, sha256=None))
    return CatalogModel(
        id="tiny",
        title="Tiny",
        repository=REPOSITORY,
        revision="main",
        files=tuple(files),
        licence="MIT",
        licence_url="https://example.org/licence",
        parameters="3 million",
        quantization="F16",
        context_tokens=2048,
        architecture="llama",
        attention=Attention.FULL,
        memory_bytes=None,
        sees=sees,
        good_at="Tests.",
        prompt_notes="None.",
    )


@dataclass
class Kit:
    """What the downloads of a test have in common."""

    hub: LocalHub
    folder: Path
    told: list[Fetch] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    free: int = PLENTY
    patience: Patience = field(default_factory=Patience)
    part: Callable[..., Part] = Part
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, fetch: Fetch) -> None:
        self.told.append(fetch)
        self._more.set()

    async def until(self, state: FetchState, done: int = 0) -> Fetch:
        async with asyncio.timeout(60):
            while not (found := [one for one in self.told if one.state is state and one.done >= done]):
                self._more.clear()
                await self._more.wait()
        return found[-1]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)

    @property
    def options(self) -> dict[str, Any]:
        means = Means(sleep=self.sleep, chance=lambda: 1.0, free=lambda _: self.free, part=self.part)
        return {"endpoint": self.hub.endpoint, "patience": self.patience, "means": means}

    def pins(self) -> Pins:
        return Pins(self.folder.parent / "profile" / "models" / "pins.json")

    def download(self, *, sees: bool = False) -> Download:
        return Download(offered(sees=sees), self.folder, self.pins(), self.note, **self.options)

    async def run(self, *, sees: bool = False) -> Fetch:
        return await self.download(sees=sees).run()

    @property
    def target(self) -> Path:
        return self.folder / "tiny" / "tiny.gguf"

    @property
    def part_file(self) -> Path:
        return self.folder / "tiny" / "tiny.gguf.part"

    def left(self) -> list[str]:
        folder = self.folder / "tiny"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def states(self) -> list[FetchState]:
        """The states in their order, each once in a row."""
        states = [one.state for one in self.told]
        return [state for state, before in zip(states, [None, *states], strict=False) if state is not before]


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        hub.put(REPOSITORY, "tiny.gguf", WORDS)
        hub.put(REPOSITORY, "mmproj.gguf", EYES)
        hub.put(REPOSITORY, "README.md", b"# Tiny", lfs=False)
        yield hub


@pytest.fixture
async def kit(hub: LocalHub, tmp_path: Path) -> AsyncIterator[Kit]:
    yield Kit(hub, tmp_path / "models")
    for _ in range(10):  # httpx's generators that were left early are closed by the loop, in the next rounds
        await asyncio.sleep(0)
    assert own_tasks() == {asyncio.current_task()}


async def test_a_model_with_its_projector_comes_as_one(kit: Kit) -> None:
    ended = await kit.run(sees=True)
    assert ended.state is FetchState.DONE
    assert (ended.done, ended.total) == (len(WORDS) + len(EYES),) * 2
    assert kit.target.read_bytes() == WORDS
    assert kit.target.with_name("mmproj.gguf").read_bytes() == EYES
    assert kit.left() == ["mmproj.gguf", "tiny.gguf"]
    assert kit.states()[0] is FetchState.WAITING
    assert kit.states()[-2:] == [FetchState.CHECKING, FetchState.DONE]
    assert [one.path for one in kit.hub.asked if "resolve" in one.path] == [
        f"/{REPOSITORY}/resolve/{COMMIT}/tiny.gguf",
        f"/{REPOSITORY}/resolve/{COMMIT}/mmproj.gguf",
    ]
    assert all("authorization" not in one.headers and "cookie" not in one.headers for one in kit.hub.asked)


async def test_nothing_has_its_name_before_all_is_here(kit: Kit) -> None:
    kit.hub.tricks.extend([Trick(), Trick(status=403)])
    ended = await kit.run(sees=True)
    assert ended.state is FetchState.FAILED
    assert kit.left() == ["mmproj.gguf.part", "tiny.gguf.part", "tiny.gguf.part.json"]
    assert (await kit.run(sees=True)).state is FetchState.DONE
    assert [one.path.partition("?")[0].rpartition("/")[2] for one in kit.hub.files] == [
        "tiny.gguf",
        "mmproj.gguf",
        "mmproj.gguf",
    ]


async def test_what_is_here_is_checked_and_not_fetched_again(kit: Kit) -> None:
    await kit.run()
    assert (await kit.run()).state is FetchState.DONE
    assert len(kit.hub.files) == 1
    kit.target.write_bytes(bytes(len(WORDS)))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS


async def test_after_a_break_it_goes_on_where_it_was(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(cut_after=1_500_000))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    first, second = kit.hub.files
    assert not first.range
    assert second.range == "bytes=1500000-"
    assert second.if_range == kit.hub.stored(REPOSITORY, "tiny.gguf").etag  # type: ignore[union-attr]  # it is there
    stalled = next(one for one in kit.told if one.state is FetchState.STALLED)
    assert stalled.sentence == "The connection to 127.0.0.1 was lost. I try again in 1 s."


async def test_after_a_restart_of_the_program_it_goes_on_where_it_was(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    task = asyncio.create_task(kit.run())
    await kit.until(FetchState.RUNNING, done=1 << 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    here = kit.part_file.stat().st_size
    assert 0 < here <= 2_000_000
    kit.hub.release()
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert kit.hub.files[-1].range == f"bytes={here}-"
    assert FetchState.CHECKING in kit.states()


FETCHES = """
import asyncio, sys
from pathlib import Path
from alisa_desktop.model.catalog import CatalogModel
from alisa_desktop.model.download import Download
from alisa_desktop.model.hub import Pins

text, folder, pins, endpoint = sys.argv[1:]
tell = lambda fetch: print(fetch.done, flush=True)
download = Download(CatalogModel.model_validate_json(text), Path(folder), Pins(Path(pins)), tell, endpoint=endpoint)
asyncio.run(download.run())
"""


async def test_a_program_that_is_killed_costs_nothing_that_is_on_the_disk(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    pins = kit.folder.parent / "profile" / "models" / "pins.json"
    arguments = [offered().model_dump_json(), str(kit.folder), str(pins), kit.hub.endpoint]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FETCHES, *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert child.stdout
    async with asyncio.timeout(60):
        while int(await child.stdout.readline()) < 1 << 20:
            pass
        child.kill()
        await child.communicate()
    here = kit.part_file.stat().st_size
    kit.hub.release()
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert kit.hub.files[-1].range == f"bytes={here}-"


async def test_a_part_of_something_else_is_begun_anew(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(cut_after=1000))
    kit.patience = Patience(tries=0)
    await kit.run()
    kit.part_file.with_name("tiny.gguf.part.json").write_text("{}")
    assert (await kit.run()).state is FetchState.DONE
    assert not kit.hub.files[-1].range


async def test_a_part_that_was_changed_is_found_out_and_deleted(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(cut_after=1000))
    kit.patience = Patience(tries=0)
    await kit.run()
    kit.part_file.write_bytes(bytes(1000))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "checksum" in ended.sentence
    assert kit.left() == []


async def test_a_whole_part_needs_no_server_to_be_finished(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(cut_after=1000))
    kit.patience = Patience(tries=0)
    await kit.run()
    kit.part_file.write_bytes(WORDS)
    assert (await kit.run()).state is FetchState.DONE
    assert len(kit.hub.files) == 1


async def test_a_server_that_knows_no_ranges_is_begun_with_anew(kit: Kit) -> None:
    kit.hub.tricks.extend([Trick(cut_after=1_500_000), Trick(ignore_range=True)])
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert len(kit.hub.files) == 2


async def test_another_tag_for_the_file_begins_it_anew_once(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(cut_after=1_500_000))
    kit.patience = Patience(tries=0)
    await kit.run()
    kit.hub.put(REPOSITORY, "tiny.gguf", WORDS, etag='"another"')
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert len(kit.hub.files) == 2


async def test_a_weak_tag_is_not_trusted_for_going_on(kit: Kit) -> None:
    kit.hub.put(REPOSITORY, "tiny.gguf", WORDS, etag='W/"weak"')
    kit.hub.tricks.append(Trick(cut_after=1_500_000))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.hub.files[-1].range == "bytes=1500000-"
    assert not kit.hub.files[-1].if_range


@pytest.mark.parametrize(
    "wrong", ["bytes 0-10/3000004", "bytes 1500000-3000003/99", "bytes 1500000-4000000/*", "nonsense", "bytes 5-1/7"]
)
async def test_a_wrong_range_is_refused_and_begun_anew_once(kit: Kit, wrong: str) -> None:
    kit.hub.tricks.extend([Trick(cut_after=1_500_000), Trick(content_range=wrong)])
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert [bool(one.range) for one in kit.hub.files] == [False, True, False]


async def test_a_server_that_always_sends_another_range_is_given_up(kit: Kit) -> None:
    kit.hub.tricks.extend([Trick(status=206, content_range="bytes 7-9/10")] * 2)
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "another part" in ended.sentence


async def test_silence_is_answered_with_a_new_connection(kit: Kit) -> None:
    kit.patience = Patience(silence=0.3, tries=50)
    kit.hub.tricks.append(Trick(hold_after=1_500_000))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert any("has fallen silent" in one.sentence for one in kit.told)


async def test_it_gives_up_after_failures_without_progress_and_keeps_what_is_here(kit: Kit) -> None:
    kit.patience = Patience(tries=4)
    kit.hub.tricks.extend([Trick(cut_after=1000)] + [Trick(cut_after=0)] * 9)
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert ended.sentence == (
        "The connection to 127.0.0.1 was lost. I tried 5 times. What is here is kept; "
        "check the connection and try again."
    )
    assert kit.waits == [1.0, 2.0, 4.0, 8.0]
    assert kit.part_file.stat().st_size == 1000


async def test_progress_begins_the_count_of_failures_anew(kit: Kit) -> None:
    kit.patience = Patience(tries=1)
    kit.hub.tricks.extend([Trick(cut_after=100_000)] * 10)
    assert (await kit.run()).state is FetchState.DONE
    assert kit.waits == [1.0] * 10


async def test_a_server_without_ranges_that_always_breaks_off_is_given_up(kit: Kit) -> None:
    kit.patience = Patience(tries=2)
    kit.hub.tricks.extend([Trick(cut_after=100_000, ignore_range=True)] * 10)
    assert (await kit.run()).state is FetchState.FAILED
    assert len(kit.hub.files) == 3


def test_waits_grow_to_a_limit_and_vary_by_chance() -> None:
    patience = Patience(first_wait=1.0, longest_wait=60.0)
    assert [patience.wait(failures, 1.0) for failures in (1, 2, 7, 99_999)] == [1.0, 2.0, 60.0, 60.0]
    assert patience.wait(3, 0.0) == 2.0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "without a sign-in or an accepted licence (401). Choose another model"),
        (403, "without a sign-in or an accepted licence (403). Choose another model"),
        (404, "doesn't have tiny.gguf any longer (404). Choose another model."),
        (410, "doesn't have tiny.gguf any longer (410). Choose another model."),
        (416, "refuses to give me tiny.gguf (416). Try again later"),
        (418, "refuses to give me tiny.gguf (418). Try again later"),
    ],
)
async def test_a_refusal_is_told_at_once(kit: Kit, status: int, words: str) -> None:
    kit.hub.tricks.append(Trick(status=status, body=b"no"))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert words in ended.sentence
    assert kit.waits == []


@pytest.mark.parametrize(
    ("status", "headers", "wait", "words"),
    [
        (429, {"Retry-After": "7"}, 7.0, "asks me to come back later (429). I try again in 7 s."),
        (429, {}, 1.0, "asks me to come back later (429)"),
        (503, {"Retry-After": "99999"}, 600.0, "has a problem at the moment (503)"),
        (500, {"Retry-After": "soon"}, 1.0, "has a problem at the moment (500)"),
    ],
)
async def test_a_busy_server_is_asked_again(
    kit: Kit, status: int, headers: dict[str, str], wait: float, words: str
) -> None:
    kit.hub.tricks.append(Trick(status=status, headers=headers, body=b"busy"))
    assert (await kit.run()).state is FetchState.DONE
    assert len(kit.waits) == 1
    assert wait <= kit.waits[0] <= wait + 1
    assert any(words in one.sentence for one in kit.told)


async def test_a_range_that_is_refused_begins_anew_once(kit: Kit) -> None:
    kit.hub.tricks.extend([Trick(cut_after=1000), Trick(status=416, body=b"")])
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS


async def test_a_length_that_is_too_long_is_a_break(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(body=WORDS[:-5], headers={"Content-Length": str(len(WORDS))}))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS


@pytest.mark.parametrize("body", [WORDS[:1000], WORDS + b"more"])
async def test_another_length_than_promised_is_refused_before_a_byte_is_written(kit: Kit, body: bytes) -> None:
    kit.hub.tricks.append(Trick(body=body))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "so it isn't the file I know" in ended.sentence
    assert kit.part_file.stat().st_size == 0


async def test_more_bytes_than_announced_are_never_written(kit: Kit) -> None:
    sizes: list[int] = []

    class Watched(Part):
        def write(self, data: bytes) -> None:
            super().write(data)
            sizes.append(kit.part_file.stat().st_size)

    kit.part = Watched
    kit.hub.tricks.append(Trick(extra=bytes(3_000_000)))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "sends more for tiny.gguf than the file has" in ended.sentence
    assert max(sizes) <= len(WORDS)
    assert kit.left() == []


async def test_an_early_end_without_a_length_is_a_break(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(body=b"GGUF", extra=WORDS[4:1000]))
    assert (await kit.run()).state is FetchState.DONE
    assert kit.hub.files[-1].range == "bytes=1000-"


@pytest.mark.parametrize(
    "page",
    [
        Trick(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html; charset=utf-8"}),
        Trick(body=b"\xef\xbb\xbf\n <!DOCTYPE html>", extra=b"<p>Sign in", headers={"Content-Type": "x/y"}),
    ],
)
async def test_a_sign_in_page_is_no_file_and_costs_nothing_that_is_here(kit: Kit, page: Trick) -> None:
    kit.patience = Patience(tries=0)
    kit.hub.tricks.extend([Trick(cut_after=1000), replace(page, status=200)])
    await kit.run()
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "a web page came from 127.0.0.1" in ended.sentence
    assert "sign in with the browser" in ended.sentence
    assert kit.part_file.read_bytes() == WORDS[:1000]


async def test_a_packed_answer_is_refused(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(headers={"Content-Encoding": "gzip"}))
    assert "packed" in (await kit.run()).sentence
    assert kit.hub.files[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("where", ["http://example.org/login", "ftp://127.0.0.1/file", "http://127.0.0.1.evil.org/x"])
async def test_a_redirect_leads_to_https_only(kit: Kit, where: str) -> None:
    kit.hub.tricks.append(Trick(redirect=where))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "no safe (https) address" in ended.sentence
    assert where in ended.sentence


async def test_redirects_in_circles_end(kit: Kit) -> None:
    kit.hub.tricks.extend([Trick(redirect=f"/cdn/{REPOSITORY}/tiny.gguf")] * 20)
    assert "in circles" in (await kit.run()).sentence


async def test_a_redirect_to_nowhere_may_pass(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(redirect="http://[::1/x"))
    assert (await kit.run()).state is FetchState.DONE
    assert len(kit.waits) == 1


@pytest.mark.parametrize("endpoint", ["http://example.org", "ftp://127.0.0.1", "nonsense", "http://127.0.0.1.evil.org"])
async def test_a_hub_without_https_is_refused(kit: Kit, endpoint: str) -> None:
    download = Download(offered(), kit.folder, kit.pins(), kit.note, endpoint=endpoint)
    ended = await download.run()
    assert ended.sentence == f"{endpoint} is no safe (https) address. Correct it, for example in HF_ENDPOINT."


async def test_a_wrong_file_is_deleted_before_it_has_a_name(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(body=WORDS[:-1] + bytes([WORDS[-1] ^ 1])))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "checksum is another), so I deleted it" in ended.sentence
    assert kit.left() == []
    assert (await kit.run()).state is FetchState.DONE


async def test_a_pin_wins_over_what_the_hub_says_later(kit: Kit) -> None:
    await kit.run()
    kit.target.unlink()
    kit.hub.put(REPOSITORY, "tiny.gguf", bytes(len(WORDS)))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "another file under the name tiny.gguf" in ended.sentence
    assert kit.left() == ["tiny.gguf.part"]
    assert kit.part_file.stat().st_size == 0


async def test_a_file_without_a_checksum_is_not_accepted(kit: Kit) -> None:
    kit.hub.put(REPOSITORY, "tiny.gguf", WORDS, lfs=False)
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "no checksum of tiny.gguf" in ended.sentence
    assert kit.hub.files == []


async def test_the_free_space_is_looked_at_first(kit: Kit) -> None:
    needed = int(len(WORDS) * 1.1) + 2_000_000_000
    kit.free = needed - 1
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert ended.sentence == (
        f"Tiny needs 2.0 GB of free disk space (2 GB of it to spare), and only 2.0 GB are free in {kit.folder}. "
        "Make room there, or choose a smaller model."
    )
    assert kit.hub.files == []
    kit.free = needed
    assert (await kit.run()).state is FetchState.DONE
    kit.free = 0
    assert (await kit.run()).state is FetchState.DONE


class FullDisk(FileIO):
    """A file on a disk with room for a million bytes."""

    def write(self, data: Any, /) -> int:
        room = 1_000_000 - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data[:room])


def on_a_full_disk(path: Path, mode: str) -> IO[bytes]:
    return FullDisk(path, mode.replace("b", ""))


async def test_a_disk_that_fills_up_keeps_what_is_here(kit: Kit) -> None:
    kit.part = partial(Part, open_part=on_a_full_disk)
    kit.hub.tricks.append(Trick(cut_after=900_000))
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    missing = size_text(len(WORDS) - 900_000)
    assert ended.sentence == (
        f"The disk is full: {missing} of Tiny are still missing. What is here is kept; "
        f"make room in {kit.folder} and try again."
    )
    assert kit.part_file.read_bytes() == WORDS[:900_000]
    kit.part = Part
    assert (await kit.run()).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS


async def test_a_real_disk_that_fills_up_keeps_what_is_here(kit: Kit, small_disk: Path) -> None:
    kit.folder = small_disk / "models"
    ended = await kit.download().run()
    assert ended.state is FetchState.FAILED
    assert "The disk is full: 1.9 MB of Tiny are still missing." in ended.sentence
    here = kit.part_file.stat().st_size
    assert kit.part_file.read_bytes() == WORDS[:here]
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    assert (await kit.run()).state is FetchState.DONE
    assert kit.hub.files[-1].range == f"bytes={here}-"


async def test_a_folder_that_can_not_be_written_is_told(kit: Kit) -> None:
    kit.folder.parent.mkdir(exist_ok=True)
    kit.folder.write_text("a file, no folder")
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert f"I can't work in {kit.folder}" in ended.sentence


async def test_pause_keeps_and_resume_goes_on(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    download = kit.download()
    task = asyncio.create_task(download.run())
    await kit.until(FetchState.RUNNING, done=1 << 20)
    download.pause()
    await kit.until(FetchState.PAUSED)
    here = kit.part_file.stat().st_size
    assert here >= 1 << 20
    kit.hub.release()
    download.resume()
    assert (await task).state is FetchState.DONE
    assert kit.target.read_bytes() == WORDS
    assert kit.hub.files[-1].range == f"bytes={here}-"


@pytest.mark.parametrize("paused", [False, True])
async def test_cancel_removes_what_is_here(kit: Kit, paused: bool) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    download = kit.download()
    task = asyncio.create_task(download.run())
    await kit.until(FetchState.RUNNING, done=1 << 20)
    if paused:
        download.pause()
        await kit.until(FetchState.PAUSED)
    download.cancel()
    ended = await task
    assert (ended.state, ended.done) == (FetchState.CANCELLED, 0)
    assert kit.left() == []
    kit.hub.release()
    assert (await download.run()).state is FetchState.DONE


async def test_cancel_removes_what_an_earlier_program_left(kit: Kit) -> None:
    kit.patience = Patience(tries=0)
    kit.hub.tricks.append(Trick(cut_after=1000))
    await kit.run()
    downloads = Downloads(kit.folder, kit.pins(), kit.note, **kit.options)
    downloads.cancel(offered())
    await kit.until(FetchState.CANCELLED)
    assert kit.left() == []
    await downloads.close()


async def test_two_downloads_of_a_model_are_one(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    downloads = Downloads(kit.folder, kit.pins(), kit.note, **kit.options)
    first = downloads.start(offered())
    await kit.until(FetchState.RUNNING, done=1 << 20)
    assert downloads.start(offered()) is first
    assert downloads.find("tiny") is first
    assert downloads.find("huge") is None
    ended = await kit.run()  # as another program would
    assert ended.sentence == "Tiny is being fetched already. Wait until that has ended."
    first.pause()
    await kit.until(FetchState.PAUSED)
    kit.hub.release()
    assert downloads.start(offered()) is first
    await kit.until(FetchState.DONE)
    await asyncio.sleep(0)
    await downloads.close()
    assert len(kit.hub.files) == 2


async def test_closing_stops_all_and_keeps_what_is_here(kit: Kit) -> None:
    kit.hub.tricks.append(Trick(hold_after=2_000_000))
    downloads = Downloads(kit.folder, kit.pins(), kit.note, **kit.options)
    downloads.start(offered())
    await kit.until(FetchState.RUNNING, done=1 << 20)
    await downloads.close()
    assert kit.part_file.stat().st_size >= 1 << 20
    await Downloads(kit.folder, kit.pins(), kit.note, **kit.options).close()


async def test_a_bug_is_told_calmly_and_not_hidden(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> Part:
        raise KeyError("secret")

    kit.part = broken
    downloads = Downloads(kit.folder, kit.pins(), kit.note, **kit.options)
    downloads.start(offered())
    ended = await kit.until(FetchState.FAILED)
    await downloads.close()
    assert "secret" not in ended.sentence
    assert "a download broke" in caplog.text


def _can_link(folder: Path) -> bool:
    try:
        (folder / "link").symlink_to(folder)
    except OSError:
        return False
    (folder / "link").unlink()
    return True


@pytest.mark.parametrize("link", ["tiny", "tiny/tiny.gguf.part", "tiny/tiny.gguf.part.json", ".tiny.lock"])
async def test_no_link_leads_out_of_the_folder(kit: Kit, tmp_path: Path, link: str) -> None:
    if not _can_link(tmp_path):
        pytest.skip("no links here")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    where = kit.folder / link
    where.parent.mkdir(parents=True)
    where.symlink_to(outside if link == "tiny" else outside / "precious")
    ended = await kit.run()
    assert ended.state is FetchState.FAILED
    assert "leads out of the folder of models" in ended.sentence
    assert (outside / "precious").read_text() == "mine"
    assert [path.name for path in outside.iterdir()] == ["precious"]


async def test_the_folder_of_models_may_itself_be_a_link(kit: Kit, tmp_path: Path) -> None:
    if not _can_link(tmp_path):
        pytest.skip("no links here")
    (tmp_path / "big disk").mkdir()
    kit.folder.symlink_to(tmp_path / "big disk")
    assert (await kit.run()).state is FetchState.DONE


def test_a_path_with_dots_stays_inside(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="leads out"):
        inside(tmp_path, "..", "elsewhere")


async def test_files_are_worked_on_in_threads_only(kit: Kit) -> None:
    threads: set[int] = set()

    class Watched(Part):
        def hash_more(self) -> bool:
            threads.add(threading.get_ident())
            return super().hash_more()

        def write(self, data: bytes) -> None:
            threads.add(threading.get_ident())
            assert len(data) < 2 << 20
            super().write(data)

        def check(self) -> bool:
            threads.add(threading.get_ident())
            return super().check()

    kit.part = Watched
    await kit.run()
    await kit.run()
    assert threads
    assert threading.get_ident() not in threads


async def test_a_cancelled_caller_waits_for_its_thread() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(60)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 60)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_small_chunks_are_joined_and_none_is_held_for_long() -> None:
    now = 0.0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal now
        for _ in range(40):
            now += 0.1
            yield b"x"

    out = [chunk async for chunk in gathered(chunks(), lambda: now)]
    assert b"".join(out) == b"x" * 40
    assert {len(chunk) for chunk in out[:-1]} == {3}


class TestProgress:
    def setup_method(self) -> None:
        self.now = 100.0
        self.told: list[Fetch] = []
        self.progress = Progress("tiny", "Tiny", self.told.append, lambda: self.now)

    def test_bytes_are_told_four_times_a_second(self) -> None:
        self.progress.state(FetchState.RUNNING)
        for step in range(1000):
            self.now += 0.01
            self.progress.at(step * 1000, 1_000_000)
        assert 30 <= len(self.told) <= 41

    def test_the_rate_is_smoothed_and_tells_the_time_left(self) -> None:
        self.progress.state(FetchState.RUNNING)
        for second in range(1, 11):
            self.now += 1.0
            self.progress.at(second * 1000, 20_000)
        assert self.told[-1].rate == pytest.approx(1000)
        assert self.told[-1].left == pytest.approx(10)
        self.now += 1.0
        self.progress.at(20_000, 20_000)
        assert 1000 < self.told[-1].rate < 4000

    def test_what_was_here_before_counts_for_no_rate(self) -> None:
        self.progress.at(1_000_000, 2_000_000)
        self.progress.state(FetchState.RUNNING)
        self.now += 1.0
        self.progress.at(1_001_000, 2_000_000)
        assert self.told[-1].rate == pytest.approx(1000)

    def test_the_last_bytes_and_silence_are_told_too(self) -> None:
        self.progress.state(FetchState.RUNNING)
        self.now += 0.1
        self.progress.at(1000, 2000)
        self.progress.beat()
        assert self.told[-1].done == 0
        self.now += 0.2
        self.progress.beat()
        assert self.told[-1].done == 1000
        assert self.told[-1].rate == pytest.approx(1000 / 0.3)
        self.now += 4.0
        self.progress.beat()
        assert self.told[-1].rate < 2000
        self.now += 1.0
        self.progress.beat()
        assert (self.told[-1].state, self.told[-1].rate) == (FetchState.STALLED, 0.0)
        told = len(self.told)
        self.now += 10.0
        self.progress.beat()
        assert len(self.told) == told
        self.progress.at(1500, 2000)
        assert self.told[-1].state is FetchState.RUNNING

    def test_a_state_is_told_at_once_and_once(self) -> None:
        self.progress.state(FetchState.RUNNING)
        self.progress.state(FetchState.RUNNING)
        self.progress.state(FetchState.STALLED, "Gone.")
        assert [(one.state, one.sentence) for one in self.told] == [
            (FetchState.RUNNING, ""),
            (FetchState.STALLED, "Gone."),
        ]
        assert self.told[-1].left is None


async def test_pins_are_known_after_a_download(kit: Kit) -> None:
    assert kit.pins().known(offered()) is Pinned.UNKNOWN
    await kit.run()
    pins = kit.pins()
    assert pins.known(offered()) is Pinned.HUB
    assert pins.size(offered()) == len(WORDS)
    assert hashlib.sha256(WORDS).hexdigest() in (kit.folder.parent / "profile/models/pins.json").read_text()
