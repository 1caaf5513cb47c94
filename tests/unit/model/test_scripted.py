from __future__ import annotations

import json
from pathlib import Path

import pytest

from alisa_desktop.core.errors import ModelBroken, ModelCrashed, ModelError, ModelMissing, ModelUnreachable, SightFailed
from alisa_desktop.core.messages import (
    Choice,
    Chosen,
    Chunk,
    Emotion,
    Message,
    ModelState,
    ModelStatus,
    Prompt,
    Role,
    StreamPart,
    Usage,
)
from alisa_desktop.model.scripted import ScriptedModel

FEELINGS = Choice("<emotion=", tuple(Emotion), ">")


def write(folder: Path, script: object) -> Path:
    path = folder / "script.json"
    path.write_text(json.dumps(script), encoding="utf-8")
    return path


async def say(model: ScriptedModel, text: str, choice: Choice | None = FEELINGS) -> list[StreamPart]:
    return [part async for part in model.stream(Prompt((Message(Role.USER, text),), choice=choice))]


def words(parts: list[StreamPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Chunk))


async def test_replies_take_turns_and_patterns_win(tmp_path: Path) -> None:
    model = ScriptedModel(
        write(
            tmp_path,
            {
                "name": "Puppet",
                "context": 512,
                "replies": [
                    {"text": "one"},
                    {"when": "name", "text": "I am a puppet.", "emotion": "shy"},
                    {"text": "two\nlines ", "delay_ms": 1},
                ],
            },
        )
    )
    assert (model.status, model.context_tokens) == (ModelStatus(ModelState.READY, "Puppet"), 512)
    assert [words(await say(model, "hm")) for _ in range(3)] == ["one", "two\nlines ", "one"]
    assert await say(model, "Your NAME?") == [
        Chosen("shy"),
        *(Chunk("I"), Chunk(" am"), Chunk(" a"), Chunk(" puppet.")),
        Usage(10, 10, 4),
    ]


async def test_a_feeling_needs_a_choice(tmp_path: Path) -> None:
    model = ScriptedModel(write(tmp_path, {"default": {"text": "a", "emotion": "shy"}}))
    assert (await say(model, "x", None))[0] == Chunk("a")
    assert (await say(model, "x", Choice("", ("happy",), "")))[0] == Chunk("a")


async def test_raw_pieces_come_as_they_are(tmp_path: Path) -> None:
    model = ScriptedModel(write(tmp_path, {"replies": [{"chunks": ["<emo", "tion=sad> ", "x"]}]}))
    assert (await say(model, "x"))[:-1] == [Chunk("<emo"), Chunk("tion=sad> "), Chunk("x")]


@pytest.mark.parametrize(("fail", "error"), [("crash", ModelCrashed), ("unreachable", ModelUnreachable)])
async def test_it_fails_as_written(tmp_path: Path, fail: str, error: type[ModelError]) -> None:
    model = ScriptedModel(write(tmp_path, {"default": {"text": "half a", "fail": fail}}))
    heard = []
    with pytest.raises(error):
        async for part in model.stream(Prompt((Message(Role.USER, "x"),))):
            heard.append(part)
    assert words(heard) == "half a"


async def test_it_is_ready_at_once(tmp_path: Path) -> None:
    told: list[ModelStatus] = []
    model = ScriptedModel(write(tmp_path, {}), on_status=told.append)
    await model.start()
    await model.ready()
    assert told == [ModelStatus(ModelState.READY, "script")]
    assert words(await say(model, "x")) == "..."
    assert await model.count([]) == 0
    await model.close()


async def test_it_sees_when_its_script_says_so(tmp_path: Path) -> None:
    model = ScriptedModel(write(tmp_path, {"sees": True, "default": {"text": "a cat"}}))
    assert model.status == ModelStatus(ModelState.READY, "script", sees=True)
    prompt = Prompt((Message(Role.USER, "look"),), picture="data:image/png;base64,")
    assert words([part async for part in model.stream(prompt)]) == "a cat"
    blind = ScriptedModel(write(tmp_path, {}))
    assert not blind.status.sees
    with pytest.raises(SightFailed, match="can't look at pictures"):
        await anext(blind.stream(prompt))


@pytest.mark.parametrize(
    "script",
    [
        [],
        {"replies": 3},
        {"replies": ["x"]},
        {"replies": [{"text": 3}]},
        {"replies": [{"text": "x", "when": "("}]},
        {"replies": [{"text": "x", "fail": "slowly"}]},
        {"context": True},
        {"sees": 1},
    ],
)
def test_a_broken_script_is_named(tmp_path: Path, script: object) -> None:
    with pytest.raises(ModelBroken):
        ScriptedModel(write(tmp_path, script))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        ScriptedModel(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"\xff{")
    with pytest.raises(ModelBroken, match=r"bad\.json"):
        ScriptedModel(tmp_path / "bad.json")
