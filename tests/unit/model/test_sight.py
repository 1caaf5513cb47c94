from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import llama_cpp
import pytest
from llama_cpp import mtmd_cpp
from tiny_gguf import write_tiny_gguf, write_tiny_spm
from tiny_vision import data_address, png, write_tiny_llava, write_tiny_qwen2vl, write_tiny_qwen2vl_projector

from alisa_desktop.core.errors import MessageTooLong, ModelError, SightFailed
from alisa_desktop.core.messages import Choice, Chosen, Chunk, Message, Prompt, Role, Sampling, Usage
from alisa_desktop.model.native import PICTURE, NativeModel
from alisa_desktop.model.picture import picture_bytes
from alisa_desktop.model.sight import Projector
from alisa_desktop.model.speaker import Speaker
from alisa_desktop.model.templates import chatml

FEELINGS = Choice("<emotion=", ("happy", "sad", "calm"), "> ")
GREEDY = Sampling(temperature=0, max_tokens=8)
WHAT = Message(Role.USER, "what is it?")
RED, BLUE = png(120, 80, (255, 0, 0)), png(120, 80, (0, 0, 255))
KINDS = ["llava", "qwen2vl"]

Load = Callable[..., NativeModel]


class Pairs:
    """A language model and a projector of each kind."""

    def __init__(self, folder: Path) -> None:
        self.llava = write_tiny_gguf(folder / "llava.gguf", never_ends=True)
        self.llava_projector = write_tiny_llava(folder / "mmproj-llava.gguf")
        self.qwen2vl = write_tiny_qwen2vl(folder / "qwen2vl.gguf")
        self.qwen2vl_projector = write_tiny_qwen2vl_projector(folder / "mmproj-qwen2vl.gguf")

    def model(self, kind: str) -> Path:
        return Path(getattr(self, kind))

    def projector(self, kind: str = "llava") -> Projector:
        return Projector(mtmd_cpp, getattr(self, f"{kind}_projector"))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return Pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def load() -> Iterator[Load]:
    loaded: list[NativeModel] = []

    def one(path: Path, context: int = 512, is_stopped: Callable[[], bool] = lambda: False) -> NativeModel:
        model = NativeModel(
            llama_cpp,
            path,
            context_tokens=context,
            threads=1,
            batch_threads=1,
            safe=False,
            on_progress=lambda _: None,
            is_stopped=is_stopped,
        )
        loaded.append(model)
        return model

    yield one
    for model in loaded:
        model.close()


def speaker(model: NativeModel) -> Speaker:
    return Speaker(model, chatml, lambda: None)


def usage(parts: list[Chosen | Chunk | Usage]) -> Usage:
    last = parts[-1]
    assert isinstance(last, Usage)
    return last


def scores_of(model: NativeModel, projector: Projector, picture: bytes, said: Message = WHAT) -> list[float]:
    """The scores for the first token of a reply to a picture."""
    with projector.look(model, picture) as context:
        assert context.decode(speaker(model).within(context).prompt_tokens([said]))
        return context.scores()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_on_a_picture_tells(load: Load, pairs: Pairs, kind: str) -> None:
    model, projector = load(pairs.model(kind)), pairs.projector(kind)
    red = scores_of(model, projector, RED)
    assert scores_of(model, projector, RED) == red
    assert scores_of(model, projector, BLUE) != red


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_seen_as_llama_cpp_itself_shows_it(load: Load, pairs: Pairs, kind: str) -> None:
    model, projector = load(pairs.model(kind)), pairs.projector(kind)
    before, after = chatml([{"role": "user", "content": "@"}]).split("@")
    text = f"{before}{mtmd_cpp.mtmd_default_marker().decode()}{WHAT.content}{after}".encode()
    with projector.look(model, RED) as shown, projector.look(model, RED) as context:
        data = (ctypes.c_uint8 * len(RED)).from_buffer_copy(RED)
        bitmap = mtmd_cpp.mtmd_helper_bitmap_init_from_buf(shown._sight, data, len(RED), False)
        chunks = mtmd_cpp.mtmd_input_chunks_init()
        bitmaps = (ctypes.c_void_p * 1)(bitmap)
        said = mtmd_cpp.mtmd_input_text(text, len(text), False, True)
        assert mtmd_cpp.mtmd_tokenize(shown._sight, chunks, ctypes.byref(said), bitmaps, 1) == 0
        end = llama_cpp.llama_pos(0)
        assert not mtmd_cpp.mtmd_helper_eval_chunks(
            shown._sight, shown._context, chunks, 0, 0, 512, True, ctypes.byref(end)
        )
        assert context.decode(speaker(model).within(context).prompt_tokens([WHAT]))
        assert context._position == end.value
        assert context.scores() == pytest.approx(shown.scores(), abs=1e-4)
        mtmd_cpp.mtmd_input_chunks_free(chunks)
        mtmd_cpp.mtmd_bitmap_free(bitmap)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_counts_its_tokens(load: Load, pairs: Pairs, kind: str) -> None:
    model = load(pairs.model(kind))
    with pairs.projector(kind).look(model, RED) as context:
        seeing = speaker(model).within(context)
        told = usage(list(seeing.speak(Prompt((WHAT,), GREEDY))))
    text = speaker(model).prompt_tokens([WHAT])
    assert told.decoded == told.prompt == len(text) + context.picture_tokens
    assert told.reply == 8
    if kind == "llava":
        assert context.picture_tokens == 36


def test_a_picture_stands_before_the_words_of_the_last_message(load: Load, pairs: Pairs) -> None:
    model = load(pairs.llava)
    talk = [Message(Role.USER, "hi"), Message(Role.ASSISTANT, "hello"), WHAT]
    with pairs.projector().look(model, RED) as context:
        tokens = speaker(model).within(context).prompt_tokens(talk)
    begin = tokens.index(PICTURE)
    after = tokens[begin + context.picture_tokens :]
    assert b"".join(model.piece(token) for token in after).decode().startswith(WHAT.content)
    assert tokens[:begin] + after == speaker(model).prompt_tokens(talk)


def test_sentencepiece_and_a_picture_go_together(load: Load, pairs: Pairs, tmp_path: Path) -> None:
    model = load(write_tiny_spm(tmp_path / "spm.gguf"))
    assert any(scores_of(model, pairs.projector(), RED))


@pytest.mark.parametrize("kind", KINDS)
def test_the_feeling_is_the_models_favourite_for_the_picture(load: Load, pairs: Pairs, kind: str) -> None:
    model, projector = load(pairs.model(kind)), pairs.projector(kind)
    with projector.look(model, RED) as context:
        voice = speaker(model).within(context)
        beginning = model.tokenize("<emotion=", control=False)
        context.decode([*voice.prompt_tokens([WHAT]), *beginning])
        scores = context.scores()
    letters = {option: model.tokenize(option, control=False)[0] for option in FEELINGS.options}
    with projector.look(model, RED) as context:
        parts = list(speaker(model).within(context).speak(Prompt((WHAT,), GREEDY, FEELINGS)))
    assert parts[0] == Chosen(max(letters, key=lambda option: scores[letters[option]]))
    assert usage(parts).reply == 8


def test_a_talk_goes_on_as_if_there_had_been_no_picture(load: Load, pairs: Pairs) -> None:
    def talk(with_picture: bool) -> tuple[list[int], Usage]:
        model = load(pairs.llava)
        voice = speaker(model)
        list(voice.speak(Prompt((Message(Role.USER, "hi"),), GREEDY)))
        before = list(model.cached)
        if with_picture:
            with pairs.projector().look(model, RED) as context:
                list(voice.within(context).speak(Prompt((WHAT,), GREEDY)))
        assert model.cached == before
        parts = list(voice.speak(Prompt((Message(Role.USER, "hi there"),), GREEDY)))
        return list(model.cached), usage(parts)

    assert talk(with_picture=True) == talk(with_picture=False)


def test_what_was_said_of_a_picture_keeps_its_tokens(load: Load, pairs: Pairs) -> None:
    model = load(pairs.llava)
    voice = speaker(model)
    with pairs.projector().look(model, RED) as context:
        parts = list(voice.within(context).speak(Prompt((WHAT,), GREEDY)))
        said = context.cached[-7:]
    reply = "".join(part.text for part in parts if isinstance(part, Chunk))
    tokens = voice.prompt_tokens([WHAT, Message(Role.ASSISTANT, reply), WHAT])
    assert any(tokens[at : at + 7] == said for at in range(len(tokens)))


class Listener:
    """Counts how often it is asked whether to stop, and says yes from the question `until` on."""

    def __init__(self) -> None:
        self.asked = 0
        self.until: int | None = None

    def __call__(self) -> bool:
        self.asked += 1
        return self.until is not None and self.asked > self.until

    def restart(self, until: int | None) -> None:
        self.asked, self.until = 0, until


def test_looking_can_be_stopped_at_any_time(load: Load, pairs: Pairs) -> None:
    listener = Listener()
    model = load(pairs.llava, is_stopped=listener)
    voice = speaker(model)
    expected = list(voice.speak(Prompt((WHAT,), GREEDY)))

    def look(until: int | None) -> bool:
        with pairs.projector().look(model, RED) as context:
            listener.restart(until)
            went_on = context.decode(voice.within(context).prompt_tokens([WHAT]))
            listener.until = None
            return went_on

    assert look(until=None)
    questions = listener.asked  # in the encoder and in the language model
    assert questions > 50
    assert not any(look(until=questions * tenth // 10) for tenth in range(10))
    assert list(voice.speak(Prompt((WHAT,), GREEDY)))[:-1] == expected[:-1]


def test_looking_can_be_stopped_while_the_eyes_open(load: Load, pairs: Pairs) -> None:
    stopped: list[bool] = []
    model = load(pairs.llava, is_stopped=lambda: bool(stopped))
    stopped.append(True)
    with pytest.raises(SightFailed), pairs.projector().look(model, RED):
        pass


@pytest.mark.parametrize("damage", [RED[:60], RED[:8] + b"\0" * 500, b"\xff\xd8\xff" + b"x" * 500])
def test_a_damaged_picture_is_refused(load: Load, pairs: Pairs, damage: bytes) -> None:
    model = load(pairs.llava)
    with pytest.raises(ModelError, match="PNG and JPEG"), pairs.projector().look(model, damage):
        pass


def test_a_picture_that_is_too_large_is_refused_with_the_way_out(load: Load, pairs: Pairs) -> None:
    model = load(pairs.qwen2vl, context=256)
    large = png(512, 512, (1, 2, 3))
    with (
        pairs.projector("qwen2vl").look(model, large) as context,
        pytest.raises(MessageTooLong, match=r"picture is too large .* 256 tokens; choose a larger context in Settings"),
    ):
        list(speaker(model).within(context).speak(Prompt((WHAT,), GREEDY)))


def test_words_that_are_too_long_are_not_blamed_on_the_picture(load: Load, pairs: Pairs) -> None:
    model = load(pairs.llava, context=256)
    long = Message(Role.USER, "x " * 300)
    with pairs.projector().look(model, RED) as context, pytest.raises(MessageTooLong, match="make it shorter"):
        list(speaker(model).within(context).speak(Prompt((long,), GREEDY)))


@pytest.mark.parametrize("content", ["width", "none", "cut"])
def test_eyes_that_do_not_fit_fail_with_a_sentence(load: Load, pairs: Pairs, tmp_path: Path, content: str) -> None:
    path = write_tiny_llava(tmp_path / "mmproj.gguf", width=48 if content == "width" else 64)
    if content != "width":
        path.write_bytes(path.read_bytes()[:500] if content == "cut" else b"")
    model = load(pairs.llava)
    with (
        pytest.raises(SightFailed, match=r"mmproj\.gguf.*Settings"),
        Projector(mtmd_cpp, path).look(model, RED),
    ):
        pass
    assert model.decode([1])


# The addresses of pictures


def test_the_data_of_a_picture_is_read() -> None:
    assert picture_bytes(data_address(RED)) == RED
    jpeg = b"\xff\xd8\xff\xe0 and so on"
    assert picture_bytes(data_address(jpeg, "jpeg")) == jpeg


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/picture.png",
        "https://example.org/picture.png",
        "file:///etc/hostname",
        "/etc/hostname",
        "picture.png",
        "data:text/plain;base64,aGVsbG8=",
        data_address(RED, "gif"),
        data_address(RED, "svg+xml"),
        data_address(b"GIF89a"),
        data_address(b"ID3 a song"),
        "data:image/png;base64,",
        "data:image/png;base64,%%%",
        "data:image/png;base64,é",
        " " + data_address(RED),
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    with pytest.raises(ModelError, match="PNG and JPEG"):
        picture_bytes(address)
