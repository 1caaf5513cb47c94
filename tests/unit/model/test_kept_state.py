from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import llama_cpp
import pytest
from tiny_gguf import write_tiny_gguf, write_tiny_mamba

from alisa_desktop.core.messages import Chunk, Message, Prompt, Role, Sampling, Usage
from alisa_desktop.model import kept_state
from alisa_desktop.model.kept_state import LEAST_TOKENS, KeptStates, build_of
from alisa_desktop.model.native import NativeModel
from alisa_desktop.model.speaker import Speaker
from alisa_desktop.model.templates import chatml

TOKENS = list(range(LEAST_TOKENS))
ORIGIN = ["model.gguf", 1, 2, 4096, "0.0"]
STATE = bytearray(range(256)) * 64


def states(folder: Path, origin: Sequence[str | int] = ORIGIN) -> KeptStates:
    return KeptStates(folder / "states", origin)


def keep(kept: KeptStates, tokens: Sequence[int] = TOKENS, state: bytearray = STATE) -> None:
    kept.keep(tokens, lambda most: state if len(state) <= most else None)
    kept.close()


def names(folder: Path) -> list[str]:
    return sorted(path.suffix for path in (folder / "states").glob("*"))


def test_what_was_kept_is_taken_by_the_next_start_any_number_of_times(tmp_path: Path) -> None:
    keep(states(tmp_path))
    for _ in range(2):
        kept = states(tmp_path)
        assert kept.take(TOKENS) == STATE
        kept.settle()
    assert names(tmp_path) == [".state"]


def test_a_state_is_good_for_its_own_model_context_library_and_prompt_only(tmp_path: Path) -> None:
    keep(states(tmp_path))
    for at in range(len(ORIGIN)):
        other = [*ORIGIN[:at], "another", *ORIGIN[at + 1 :]]
        assert states(tmp_path, other).take(TOKENS) is None
    assert states(tmp_path).take([*TOKENS[:-1], 999]) is None
    assert states(tmp_path).take(TOKENS[:-1]) is None
    assert names(tmp_path) == [".state"], "and stays where it is"


@pytest.mark.parametrize("at", [0, 8, 12, 16, 24, 60, -1])
def test_a_damaged_file_is_deleted_and_done_without(tmp_path: Path, at: int) -> None:
    keep(states(tmp_path))
    [path] = (tmp_path / "states").iterdir()
    data = bytearray(path.read_bytes())
    data[at] ^= 0x01
    path.write_bytes(data)
    assert states(tmp_path).take(TOKENS) is None
    assert names(tmp_path) == []


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:7], bytes(0)])
def test_a_file_of_another_length_is_deleted(tmp_path: Path, change: Callable[[bytes], bytes] | bytes) -> None:
    keep(states(tmp_path))
    [path] = (tmp_path / "states").iterdir()
    path.write_bytes(change if isinstance(change, bytes) else change(path.read_bytes()))
    assert states(tmp_path).take(TOKENS) is None
    assert names(tmp_path) == []


def test_what_was_being_loaded_when_the_runner_died_is_deleted(tmp_path: Path) -> None:
    keep(states(tmp_path))
    assert states(tmp_path).take(TOKENS) == STATE
    assert names(tmp_path) == [".loading"], "and then it died"
    assert states(tmp_path).take(TOKENS) is None
    assert names(tmp_path) == []


def test_what_does_not_work_is_deleted_and_what_was_not_taken_needs_no_end(tmp_path: Path) -> None:
    kept = states(tmp_path)
    kept.settle()
    kept.condemn()
    keep(kept)
    assert kept.take(TOKENS) == STATE
    kept.condemn()
    kept.settle()
    assert names(tmp_path) == []


def test_it_is_kept_once_and_only_when_it_is_worth_it(tmp_path: Path) -> None:
    kept, asked = states(tmp_path), []
    for tokens in (TOKENS, TOKENS, TOKENS[:-1]):
        kept.keep(tokens, lambda most: asked.append(most) or STATE)  # type: ignore[func-returns-value]
        kept.close()
    states(tmp_path).keep(TOKENS, lambda most: asked.append(most) or STATE)  # type: ignore[func-returns-value]
    assert asked == [kept_state.LARGEST]


def test_the_budget_holds_and_what_was_used_longest_ago_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_state, "BUDGET", 3 * (len(STATE) + 400))
    kept = states(tmp_path)
    prompts = [[number, *TOKENS] for number in range(4)]
    for age, prompt in enumerate(prompts[:3]):
        keep(kept, prompt)
        [newest] = [one for one in (tmp_path / "states").iterdir() if one.stat().st_mtime > 1e9]
        os.utime(newest, (age, age))
    assert states(tmp_path).take(prompts[0]) == STATE, "used again"
    again = states(tmp_path)
    assert again.take(prompts[0]) is None, "never settled: that one is gone"
    keep(states(tmp_path), prompts[0])
    keep(states(tmp_path), prompts[3])
    there = states(tmp_path)
    assert [there.take(prompt) is not None for prompt in prompts] == [True, False, True, True]
    there.settle()


def test_a_state_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_state, "LARGEST", len(STATE) - 1)
    keep(states(tmp_path))
    assert not (tmp_path / "states").exists()


def test_a_full_disk_or_a_folder_in_the_way_costs_nothing_but_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "states").write_text("in the way")
    kept = states(tmp_path)
    keep(kept)
    assert kept.take(TOKENS) is None
    (tmp_path / "states").unlink()
    monkeypatch.setattr(kept_state, "LEFT_FREE", 1 << 60)
    keep(states(tmp_path))
    assert names(tmp_path) == []
    monkeypatch.setattr(kept_state, "LEFT_FREE", 0)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    keep(states(tmp_path))
    assert names(tmp_path) == []


def test_what_a_killed_writer_left_behind_goes_after_a_while(tmp_path: Path) -> None:
    keep(states(tmp_path))
    left = tmp_path / "states" / "abc-1.new"
    left.write_bytes(b"half")
    states(tmp_path)
    assert left.exists(), "somebody may be writing it"
    os.utime(left, (1, 1))
    states(tmp_path)
    assert not left.exists()


def test_a_build_is_known_by_version_and_files(tmp_path: Path) -> None:
    library = tmp_path / "libllama.so"
    library.write_bytes(b"one")
    first = build_of("1", library)
    assert build_of("1", library) == first != build_of("2", library)
    library.write_bytes(b"another")
    assert build_of("1", library) != first
    assert build_of("1", tmp_path / "nowhere" / "libllama.so")


# With a model

PERSONA = "You are Alisa. " + "She likes tea and rain, and says so in short sentences. " * 12
FEW = Sampling(temperature=0, max_tokens=6)


class Talk:
    """A model and its speaker with states, as a runner has them."""

    def __init__(self, path: Path, folder: Path, context: int) -> None:
        self.model = NativeModel(
            llama_cpp,
            path,
            context_tokens=context,
            threads=1,
            batch_threads=1,
            safe=False,
            on_progress=lambda _: None,
            is_stopped=lambda: False,
        )
        self.states = KeptStates(folder, [str(path), context])
        self.speaker = Speaker(self.model, chatml, lambda: None, states=self.states)

    def say(self, *words: str, system: str = PERSONA) -> tuple[str, Usage]:
        roles = [Role.USER, Role.ASSISTANT] * len(words)
        said = (Message(role, text) for role, text in zip(roles, words, strict=False))
        text, usage = "", Usage(0, 0, 0)
        for part in self.speaker.speak(Prompt((Message(Role.SYSTEM, system), *said), FEW)):
            text += part.text if isinstance(part, Chunk) else ""
            usage = part if isinstance(part, Usage) else usage
        self.speaker.keep_state()
        self.states.close()
        return text, usage

    def close(self) -> None:
        self.states.close()
        self.model.close()


Begin = Callable[..., Talk]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Start talks with one model; the states are in `tmp_path`/states."""
    path = write_tiny_gguf(tmp_path / "m.gguf", never_ends=True)
    talks: list[Talk] = []

    def one(path: Path = path, context: int = 2048) -> Talk:
        talks.append(Talk(path, tmp_path / "states", context))
        return talks[-1]

    yield one
    for talk in talks:
        talk.close()
    assert threading.active_count() == 1 or not [one for one in threading.enumerate() if one.name == "state writer"]


def test_after_a_start_only_the_users_words_are_read(begin: Begin) -> None:
    first, whole = begin().say("hello there")
    assert whole.decoded == whole.prompt > LEAST_TOKENS
    again, usage = begin().say("hello there")
    assert usage.decoded <= len("hello there") + len("\n<|im_end|>assistant\n")
    assert again == first, "and it makes no difference to what is said"
    assert begin().say("something else")[1].decoded < 40


def test_every_mode_has_a_state_and_is_read_once(begin: Begin) -> None:
    other = "You are somebody else. " + PERSONA
    talk = begin()
    for system in (PERSONA, other):
        usage = talk.say("hi", system=system)[1]
        assert usage.decoded > LEAST_TOKENS
    for known in (talk, begin()):
        for system in (PERSONA, other, PERSONA):
            assert known.say("hi", system=system)[1].decoded < 40


def test_a_talk_that_goes_on_keeps_what_it_has(begin: Begin) -> None:
    begin().say("hi")
    talk = begin()
    words = ["hi"]
    for _ in range(3):
        text, usage = talk.say(*words)
        assert usage.decoded < 40
        words += [text, "go on"]


def test_nothing_of_what_was_said_is_kept(begin: Begin, tmp_path: Path) -> None:
    files = []
    for words in (["my secret is 12"], ["something of 15"], ["hello", "oh", "what do you know, then"]):
        talk = begin()
        talk.say(*words)
        [path] = (tmp_path / "states").iterdir()
        state = talk.states.take(talk.speaker._fixed)
        talk.states.condemn()
        assert state is not None
        fresh = begin().model
        assert fresh.restore(talk.speaker._fixed, state)
        assert b"".join(fresh.piece(token) for token in fresh.cached).decode().strip().endswith("user")
        files.append(state)
        assert not path.exists()
    assert files[0] == files[1], "the same whatever was said"
    assert len(files[2]) == len(files[0])


def test_a_state_that_llama_does_not_take_is_deleted(begin: Begin, tmp_path: Path) -> None:
    talk = begin()
    talk.say("hi")
    fixed = talk.speaker._fixed
    state = talk.states.take(fixed)
    talk.states.condemn()
    assert state is not None
    for nonsense in (bytearray(len(state)), state[: len(state) // 2], state + b"\0\0", bytearray(8)):
        bad = KeptStates(tmp_path / "states", [str(tmp_path / "m.gguf"), 2048])
        keep(bad, fixed, nonsense)
        again = begin()
        assert again.say("hi")[1].decoded > LEAST_TOKENS
        assert again.say("hi")[1].decoded == 1
        assert bad.take(fixed) == state, "and made anew"
        bad.condemn()


def test_a_recurrent_model_keeps_none(begin: Begin, tmp_path: Path) -> None:
    talk = begin(write_tiny_mamba(tmp_path / "mamba.gguf"), 1024)
    talk.say("hi", system=PERSONA[:400])
    assert not (tmp_path / "states").exists()


def test_a_short_prompt_is_not_worth_it(begin: Begin, tmp_path: Path) -> None:
    begin().say("hi", system="You are Alisa.")
    assert not (tmp_path / "states").exists()
