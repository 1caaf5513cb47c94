from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from tiny_gguf import write_tiny_gguf
from tiny_vision import data_address, png, write_tiny_llava

from alisa_desktop.core.errors import (
    AlisaError,
    MessageTooLong,
    ModelBroken,
    ModelCrashed,
    ModelError,
    ModelMissing,
    ModelTooBig,
    SightFailed,
)
from alisa_desktop.core.frames import PROTOCOL, Frame, FrameDecoder, encode
from alisa_desktop.core.messages import (
    Choice,
    Chunk,
    Emotion,
    Message,
    ModelState,
    Occasion,
    Prompt,
    Role,
    Sampling,
    StreamPart,
)
from alisa_desktop.host.child import ChildProcess
from alisa_desktop.model.gguf_header import read_model_file
from alisa_desktop.model.repertoire import line_note

Start = Callable[..., Awaitable[Any]]

SYSTEM = Message(Role.SYSTEM, "You are Alisa.\nMode: default")
FEELINGS = Choice("<emotion=", tuple(Emotion), "> ")
SHORT = Sampling(max_tokens=8)
RED = png(120, 80, (255, 0, 0))
SAYING = ["hello!", "my name is Leo", "what's my name?", "tell me a joke", "I'm tired", "what is gravity?"]


def ask(text: str, sampling: Sampling = SHORT) -> Prompt:
    return Prompt((SYSTEM, Message(Role.USER, text)), sampling)


async def first_chunk(stream: AsyncGenerator[StreamPart, None]) -> Chunk:
    part = await anext(stream)
    assert isinstance(part, Chunk)
    return part


async def test_the_starter_brain_answers_with_a_feeling(start: Start, starter: Path) -> None:
    alisa = await start(starter)
    [note] = await alisa.model.notes(Occasion("hello!", "default"))
    assert note.startswith("line: <emotion=")
    note = line_note("shy", "Oh, it is you. I was not waiting, Zarnok.")
    prompt = Prompt((SYSTEM, Message(Role.USER, f"[{note}] hello!")), Sampling(temperature=0), FEELINGS)
    heard = await alisa.hear(prompt)
    assert (heard.option, heard.text) == ("shy", " Oh, it is you. I was not waiting, Zarnok.")
    assert heard.usage.prompt == await alisa.model.count(prompt.messages)
    assert alisa.model.context_tokens == 1024  # all it was trained for
    states = [(one.state, one.progress) for one in alisa.told.all]
    assert states[0] == (ModelState.LOADING, None)
    assert states[-1] == (ModelState.READY, None)
    assert (ModelState.LOADING, 1.0) in states


@pytest.mark.parametrize("which", ["bare_starter", "tiny"])
async def test_a_talk_decodes_only_what_is_new(start: Start, which: str, request: pytest.FixtureRequest) -> None:
    alisa = await start(request.getfixturevalue(which))
    talk, before = [SYSTEM], 0
    for turn in range(10):
        talk.append(Message(Role.USER, SAYING[turn % len(SAYING)]))
        heard = await alisa.hear(Prompt(tuple(talk), Sampling(max_tokens=20), FEELINGS))
        if before:
            assert heard.usage.decoded <= heard.usage.prompt - before + 8
        before = heard.usage.prompt + heard.usage.reply
        talk.append(Message(Role.ASSISTANT, f"<emotion={heard.option}> {heard.text.strip()}"))


async def test_a_model_with_a_repertoire_reads_nothing_of_the_past(start: Start, starter: Path) -> None:
    alisa = await start(starter)
    message = Message(Role.USER, f"[{line_note('calm', 'I am here.')}] hello")
    past = [Message(Role.USER, "hi"), Message(Role.ASSISTANT, "<emotion=happy> Oh, it is you.")] * 50
    assert await alisa.model.count([SYSTEM, *past, message]) == await alisa.model.count([SYSTEM, message])
    heard = await alisa.hear(Prompt((SYSTEM, *past, message), Sampling(temperature=2.0), FEELINGS))
    assert (heard.option, heard.text) == ("calm", " I am here."), "and leaves nothing to chance"


async def test_regenerating_decodes_one_token(start: Start, tiny: Path) -> None:
    alisa = await start(tiny)
    prompt = ask("hello hello hello")
    await alisa.hear(prompt)
    assert (await alisa.hear(prompt)).usage.decoded == 1


async def test_control_tokens_of_the_user_count_as_text(start: Start, tiny: Path) -> None:
    alisa = await start(tiny)
    empty, typed = await alisa.model.count(ask("").messages), await alisa.model.count(ask("<|im_end|>").messages)
    assert typed - empty == len("<|im_end|>")


@pytest.mark.parametrize("quant", ["F16", "Q8_0", "Q4_0", "Q4_K"])
async def test_all_kinds_of_weights_work(start: Start, tmp_path: Path, quant: str) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", quant=quant, d=256, ff=512, never_ends=True)
    assert (await (await start(path)).hear(ask("hello"))).usage.reply == 8


async def test_paths_in_any_script_and_home_folders_work(
    start: Start, starter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Jérôme 田中"
    folder.mkdir()
    shutil.copy(starter, folder / "модель.gguf")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    alisa = await start(Path("~/модель.gguf"))
    assert (await alisa.hear(ask("hello"))).text


async def test_a_template_that_is_none_of_ours_is_replaced(start: Start, tmp_path: Path) -> None:
    for number, template in enumerate((None, "{% for", "{{ raise_exception('no') }}", "{{ messages[9].x.y }}")):
        path = write_tiny_gguf(tmp_path / f"{number}.gguf", chat_template=template, never_ends=True)
        assert (await (await start(path)).hear(ask("hello"))).usage.reply == 8


async def test_a_message_that_does_not_fit_is_refused_and_the_next_works(start: Start, tiny: Path) -> None:
    alisa = await start(tiny, context=256)
    with pytest.raises(MessageTooLong, match="256"):
        await alisa.hear(ask("long " * 500))
    assert (await alisa.hear(ask("short"))).usage.prompt


async def test_two_at_once_come_one_after_the_other(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    both = await asyncio.gather(alisa.hear(ask("one")), alisa.hear(ask("two")))
    assert [heard.usage.reply for heard in both] == [8, 8]


# Cancelling


async def test_a_reply_can_be_stopped_in_the_middle(start: Start, endless: Path) -> None:
    alisa = await start(endless, context=8192)
    for _ in range(3):
        stream = alisa.model.stream(ask("talk on", Sampling()))
        await first_chunk(stream)
        await stream.aclose()
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 1


async def test_a_long_prefill_can_be_stopped(start: Start, endless: Path) -> None:
    alisa = await start(endless, context=8192)
    runner = psutil.Process(alisa.processes[0])
    spent = runner.cpu_times().user
    listening = asyncio.create_task(alisa.hear(ask("word " * 1500)))
    async with asyncio.timeout(30):
        while runner.cpu_times().user < spent + 0.1:
            await asyncio.sleep(0.005)  # polls until the prefill is under way
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 1


async def test_what_was_heard_of_a_stopped_reply_is_not_decoded_again(start: Start, bare_starter: Path) -> None:
    alisa = await start(bare_starter)
    line = line_note("calm", "Once there was a small robot who lived in a quiet corner and waited for somebody.")
    talk = [SYSTEM, Message(Role.USER, f"[{line}] tell me a story about a robot")]
    stream = alisa.model.stream(Prompt(tuple(talk)))
    said = "".join([(await first_chunk(stream)).text for _ in range(4)])
    await stream.aclose()
    prompt = await alisa.model.count(talk)
    talk += [Message(Role.ASSISTANT, said), Message(Role.USER, "go on")]
    usage = (await alisa.hear(Prompt(tuple(talk)))).usage
    assert usage.decoded <= usage.prompt - prompt - 3


# Crashing


async def test_a_killed_runner_fails_its_reply_and_the_next_message_works(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    stream = alisa.model.stream(ask("talk on", Sampling()))
    await first_chunk(stream)
    psutil.Process(alisa.processes[-1]).kill()
    with pytest.raises(ModelCrashed, match="starting it again"):
        async for _ in stream:
            pass
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 2
    assert endless not in alisa.safe_list


async def test_after_three_crashes_in_a_row_it_stays_down(start: Start, tiny: Path) -> None:
    alisa = await start(tiny)
    for number in range(1, 4):
        alisa.told.all.clear()
        psutil.Process(alisa.processes[-1]).kill()
        await alisa.told.until(lambda status: status.state is not ModelState.READY)
        if number < 3:
            await alisa.model.ready()
    status = await alisa.told.until(lambda status: status.state is ModelState.FAILED)
    assert "three times in a row" in status.detail
    assert "Settings" in status.detail
    assert len(alisa.processes) == 3
    with pytest.raises(ModelCrashed, match="three times"):
        await alisa.model.ready()
    with pytest.raises(ModelCrashed, match="three times"):
        await alisa.hear(ask("hello"))


async def test_a_finished_reply_forgives_the_crashes(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    for number in range(1, 5):
        alisa.told.all.clear()
        psutil.Process(alisa.processes[-1]).kill()
        await alisa.told.until(lambda status: status.state is ModelState.LOADING and bool(status.detail))
        assert (await alisa.hear(ask("hello"))).usage.reply == 8
        assert len(alisa.processes) == number + 1


async def test_a_model_can_be_closed_and_started_again(start: Start, tiny: Path) -> None:
    alisa = await start(tiny)
    await alisa.model.close()
    with pytest.raises(ModelCrashed, match="switched off"):
        await alisa.model.ready()
    await alisa.model.start()
    await alisa.model.ready()
    assert len(alisa.processes) == 2


async def test_closing_in_the_middle_of_loading_or_of_a_reply_leaves_nothing(start: Start, endless: Path) -> None:
    await (await start(endless, ready=False)).model.close()
    alisa = await start(endless)
    stream = alisa.model.stream(ask("talk on", Sampling()))
    await first_chunk(stream)
    await alisa.model.close()
    with pytest.raises(ModelCrashed):
        async for _ in stream:
            pass


# Pictures


def see(text: str = "what is it?", picture: bytes = RED, sampling: Sampling = SHORT) -> Prompt:
    return replace(ask(text, sampling), picture=data_address(picture))


@pytest.fixture
def seeing(tmp_path: Path) -> Path:
    """A model whose replies never end, with eyes that take a while for a picture."""
    write_tiny_llava(tmp_path / "mmproj-seeing.gguf", side=512, blocks=12)
    return write_tiny_gguf(tmp_path / "seeing.gguf", never_ends=True, context=8192)


async def test_a_model_with_eyes_beside_it_sees(start: Start, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", never_ends=True)
    write_tiny_llava(tmp_path / "mmproj-m-f16.gguf")
    alisa = await start(path)
    assert alisa.model.status.sees
    talk = ask("hello hello")
    text = await alisa.hear(talk)
    heard = await alisa.hear(replace(see(), choice=FEELINGS))
    assert heard.option in tuple(Emotion)
    assert heard.usage.reply == 8
    assert heard.usage.decoded == heard.usage.prompt == await alisa.model.count(see().messages) + 36
    again = await alisa.hear(talk)
    assert again.usage.decoded == 1, "the talk was left as it was"
    assert again.usage.prompt == text.usage.prompt


@pytest.mark.parametrize("content", ["", "damaged", "cut", "another's"])
async def test_a_model_with_bad_eyes_still_talks(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", never_ends=True)
    eyes = write_tiny_llava(tmp_path / "mmproj.gguf", width=48 if content == "another's" else 64)
    if content != "another's":
        data = eyes.read_bytes()
        eyes.write_bytes({"": b"", "damaged": b"GGUF" + b"\xff" * 300, "cut": data[:-100]}[content])
    alisa = await start(path)
    assert not alisa.model.status.sees
    assert "mmproj.gguf can't be used by m.gguf" in caplog.text
    with pytest.raises(SightFailed, match=r"can't look at pictures\. Choose one that can in Settings"):
        await alisa.hear(see())
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/a.png", "file:///etc/hostname", "data:image/png;base64,aGVsbG8="]
)
async def test_what_is_no_picture_of_ours_is_refused(start: Start, seeing: Path, address: str) -> None:
    alisa = await start(seeing)
    with pytest.raises(ModelError, match="PNG and JPEG"):
        await alisa.hear(replace(ask("look"), picture=address))
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert alisa.model.status.sees


async def test_a_picture_that_is_too_large_names_the_context(start: Start, seeing: Path) -> None:
    alisa = await start(seeing, context=512)
    with pytest.raises(MessageTooLong, match="too large for my model's context of 512 tokens"):
        await alisa.hear(see())
    assert (await alisa.hear(ask("hello"))).usage.reply == 8


async def test_looking_can_be_stopped(start: Start, seeing: Path) -> None:
    alisa = await start(seeing, context=8192)
    talk = ask("hello hello")
    await alisa.hear(talk)
    runner = psutil.Process(alisa.processes[0])
    spent = runner.cpu_times().user
    looking = asyncio.create_task(alisa.hear(see()))
    async with asyncio.timeout(30):
        while runner.cpu_times().user < spent + 0.1:
            await asyncio.sleep(0.005)  # polls until it is under way
    assert not looking.done()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert (await alisa.hear(talk)).usage.decoded == 1
    assert len(alisa.processes) == 1


async def test_a_reply_to_a_picture_can_be_stopped(start: Start, seeing: Path) -> None:
    alisa = await start(seeing, context=8192)
    stream = alisa.model.stream(see(sampling=Sampling()))
    await first_chunk(stream)
    await stream.aclose()
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 1


# Broken files, through the real runner


def cut(starter: Path) -> bytes:
    return starter.read_bytes()[:2_000_000]


def forty_billion(_: Path) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    kind = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    tensors = b"".join(
        text(f"t{number}") + struct.pack("<IQQIQ", 2, 1_000_000, 4_000_000, 0, 0) for number in range(10)
    )
    return b"GGUF" + struct.pack("<IQQ", 3, 10, 1) + kind + tensors


@pytest.mark.parametrize(
    ("content", "error", "why"),
    [
        (lambda _: b"", ModelBroken, "is empty"),
        (lambda _: b"<!DOCTYPE html><title>404</title>", ModelBroken, "web page"),
        (lambda _: b"\x89PNG\r\n" * 9, ModelBroken, "no GGUF"),
        (cut, ModelBroken, r"incomplete: 2\.0 MB of 5\.4 MB"),
        (forty_billion, ModelTooBig, "GB of memory"),
    ],
)
async def test_broken_files_are_refused_once_with_a_reason(
    start: Start,
    tmp_path: Path,
    starter: Path,
    content: Callable[[Path], bytes],
    error: type[AlisaError],
    why: str,
) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content(starter))
    alisa = await start(path, ready=False)
    with pytest.raises(error, match=why):
        await alisa.model.ready()
    assert alisa.model.status.state is ModelState.FAILED
    assert "Settings" in alisa.model.status.detail
    with pytest.raises(error):
        await alisa.hear(ask("hello"))
    with pytest.raises(error):
        await alisa.model.count(ask("hello").messages)
    assert len(alisa.processes) == 1


async def test_a_missing_file_is_called_missing(start: Start, tmp_path: Path) -> None:
    alisa = await start(tmp_path / "none.gguf", ready=False)
    with pytest.raises(ModelMissing, match=r"can't find my model file .*none\.gguf"):
        await alisa.model.ready()
    assert alisa.model.status.state is ModelState.MISSING


async def test_a_file_that_only_llama_refuses_is_broken(start: Start, tmp_path: Path) -> None:
    data = write_tiny_gguf(tmp_path / "m.gguf").read_bytes().replace(b"llama", b"lloma")
    (tmp_path / "m.gguf").write_bytes(data)
    alisa = await start(tmp_path / "m.gguf", ready=False)
    with pytest.raises(ModelBroken, match="lloma"):
        await alisa.model.ready()


SHORT_OF_MEMORY = {
    "our own check": "runner.psutil.virtual_memory = lambda: SimpleNamespace(available={available})",
    "llama.cpp": "native.open_context = fussy",
}


@pytest.mark.parametrize("how", SHORT_OF_MEMORY)
async def test_where_memory_is_short_it_makes_do_with_less_context(
    start: Start, tmp_path: Path, runner: list[str], how: str
) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", never_ends=True, context=16384)
    available = int(read_model_file(path).memory_bytes(5000) / 0.8)
    program = (
        "import sys; from types import SimpleNamespace; from alisa_desktop.model import native, runner\n"
        "real = native.open_context\n"
        "def fussy(lib, model, params, until):\n"
        "    if params.n_ctx > 5000: raise native.NoRoom('no')\n"
        "    return real(lib, model, params, until)\n"
        f"{SHORT_OF_MEMORY[how].format(available=available)}\nsys.exit(runner.main())"
    )
    alisa = await start(path, command=[runner[0], "-c", program], context=0)
    assert alisa.model.context_tokens == 4096
    assert "4096 tokens" in alisa.model.status.detail
    assert (await alisa.hear(ask("hello"))).usage.reply == 8
    assert len(alisa.processes) == 1


# The process itself


def converse(command: list[str], root: Path, *frames: Frame) -> tuple[list[Frame], int]:
    """Send `frames`, close the pipe, and return everything the runner said and how it ended."""
    data = b"".join(encode(frame) for frame in frames)
    done = subprocess.run(command, cwd=root, input=data, capture_output=True, timeout=60, check=False)
    return FrameDecoder().feed(done.stdout), done.returncode


def test_the_end_of_the_pipe_ends_the_runner(runner: list[str], root: Path) -> None:
    frames, status = converse(runner, root)
    assert status == 0
    assert [frame["type"] for frame in frames] == ["hello"]
    assert frames[0]["protocol"] == PROTOCOL
    assert all(frames[0][fact] for fact in ("build", "processor", "variants"))


def test_stray_prints_never_reach_the_pipe(root: Path, runner: list[str], tiny: Path) -> None:
    noisy = (
        "import os, sys; from alisa_desktop.model import runner; send = runner.Outbox.send\n"
        "def loud(self, **frame): print('stray', flush=True); os.write(1, b'stray'); send(self, **frame)\n"
        "runner.Outbox.send = loud; sys.exit(runner.main())"
    )
    frames, status = converse([runner[0], "-c", noisy], root)
    assert (status, len(frames)) == (0, 1)


async def test_the_end_of_the_pipe_ends_a_reply_in_the_middle(
    endless: Path, runner: list[str], root: Path, variant: str
) -> None:
    load: Frame = {
        "type": "load",
        "variant": variant,
        "path": str(endless),
        "context": 8192,
        "threads": None,
        "safe": True,
        "classifier": "",
        "mmproj": "",
        "states": "",
        "gpu_layers": 0,
    }
    said = {"messages": [["user", "hi"]], "sampling": asdict(Sampling()), "choice": None, "line": "", "picture": ""}
    chunks: list[Frame] = []
    spoke = asyncio.Event()

    def hear(frame: Frame) -> None:
        if frame["type"] == "chunk":
            chunks.append(frame)
            spoke.set()

    process = ChildProcess(runner, root, first=lambda: load, on_frame=hear)
    process.send({"type": "generate", "id": 1, **said})
    async with asyncio.timeout(60):
        await spoke.wait()
        process.end()
        await process.ended.wait()
    assert process.exit_status == 0
    assert len(chunks) < 4000, "the rest of the context"
    await process.stop(1)
