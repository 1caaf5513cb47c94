"""What the documents name is there: links, files, commands and their options, `make`'s targets, keys of formats."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from alisa_desktop import __version__, cli
from alisa_desktop.core.messages import Emotion
from alisa_desktop.persona.modes import parse_mode
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.sprite_manifest import Manifest
from installer.changelog import FILE, releases

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/overlays.md")
TOP = {path.name for path in ROOT.iterdir() if not path.name.startswith((".venv", ".git/"))}
MADE = ("dist", "build", ".venv")
"""Folders that are made here, and are not part of the source."""
HIDDEN = ("--self-test", "--runner", "--eyes", "--speed")
"""Options that are answered before the command line is read."""


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def code_in(text: str) -> Iterator[str]:
    """Lines of indented and fenced code, and what stands between single backticks."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for block in fenced:
        yield from block.splitlines()
    for line in rest.splitlines():
        if line.startswith("    "):
            yield line.strip()
        else:
            yield from re.findall(r"`([^`\n]+)`", line)


def commands_in(text: str, *programs: str) -> Iterator[list[str]]:
    """The arguments of every command line of these programs, without what is a comment or told beside it."""
    for code in code_in(text):
        for part in code.split(" && "):
            plain = re.split(r"\s{2,}|\s# ", part.strip())[0]
            words = shlex.split(plain) if plain.count('"') % 2 == 0 else plain.split()
            if words and words[0].removeprefix(".venv/bin/") in programs:
                yield words[1:]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if not target.startswith("https://"):
            assert "://" not in target, f"{document}: {target} is no https"
            assert (ROOT / document).parent.joinpath(target.partition("#")[0]).exists(), f"{document}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_are_there(document: str) -> None:
    named = set()
    for code in code_in(text_of(document)):
        for word in code.split():
            path = word.strip("\"',.:;()")
            top = path.partition("/")[0]
            if "/" in path and top in TOP and top not in MADE:
                named.add(path)
                assert (ROOT / path).exists(), f"{document}: {path}"
    assert named or document in ("CHANGELOG.md", "docs/overlays.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_of_hers_are_understood(document: str) -> None:
    for words in commands_in(text_of(document), "alisa-desktop"):
        if words[:1] and words[0] in HIDDEN:
            continue
        assert not (word := unknown_in(words)), f"{document}: alisa-desktop {shlex.join(words)}: there is no {word}"


def unknown_in(words: list[str]) -> str:
    """The first command or option among these that she does not know, or nothing."""
    command: click.Command = cli.program
    context = command.make_context("alisa-desktop", [], resilient_parsing=True)
    known = options_of(command, context)
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("--"):
            if word not in known:
                return word
        elif isinstance(command, click.Group) and not before.startswith("--"):
            inner = command.get_command(context, word)
            if inner is None:
                return word
            command, context = inner, click.Context(inner, parent=context)
            known |= options_of(command, context)
    return ""


def test_what_she_does_not_know_is_found() -> None:
    assert unknown_in(["models", "download", "NAME", "--use", "--profile", "DIR"]) == ""
    assert unknown_in(["models", "fetch", "NAME"]) == "fetch"
    assert unknown_in(["--profile", "DIR", "sing"]) == "sing"
    assert unknown_in(["say", "hi", "--loud"]) == "--loud"


def options_of(command: click.Command, context: click.Context) -> set[str]:
    return {option for parameter in command.get_params(context) for option in parameter.opts}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_targets_and_tasks_are_there(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    for words in commands_in(text_of(document), "make"):
        assert not words or words[0] in targets, f"{document}: make {words[0]}"
    for words in commands_in(text_of(document), "py", "python", "python3"):
        if words[:1] == ["bootstrap.py"]:
            assert words[1] in targets, f"{document}: bootstrap.py {words[1]}"


def test_workflows_ask_for_tasks_there_are() -> None:
    known = text_of("bootstrap.py")
    for workflow in (ROOT / ".github").rglob("*.yml"):
        for task in re.findall(r"bootstrap\.py (\w+)", workflow.read_text(encoding="utf-8")):
            assert f'"{task}"' in known, f"{workflow.name}: bootstrap.py {task}"


def test_the_tests_that_are_named_exist() -> None:
    for words in commands_in(text_of("CONTRIBUTING.md"), "python"):
        if "-k" in words:
            file = ROOT / next(word for word in words if word.endswith(".py"))
            names = [node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if hasattr(node, "name")]
            assert any(words[words.index("-k") + 1] in name for name in names)


def test_the_personality_in_the_guide_is_one() -> None:
    text = text_of("CONTRIBUTING.md")
    persona = next(
        block for block in re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if "title:" in block
    )
    mode = parse_mode("pirate", persona)
    assert (mode.title, mode.resting, mode.sampling.temperature) == ("Pirate", Emotion.HAPPY, 0.9)


def test_the_guide_tells_every_key_of_a_manifest() -> None:
    keys = set(re.findall(r"`(\w+)`", text_of("CONTRIBUTING.md").partition("| key |")[2].partition("\n\n")[0]))
    assert keys >= set(Manifest.model_fields)
    assert all(f"`{emotion}`" in text_of("CONTRIBUTING.md") for emotion in Emotion)


def test_the_version_is_told_in_the_changelog() -> None:
    newest = releases(FILE.read_text(encoding="utf-8"))[0]
    assert newest.version == __version__
    assert newest.items


def test_what_is_said_of_settings_is_so() -> None:
    assert Settings().vision == "off", "SECURITY.md: her eyes are shut until you open them"
    assert Settings().endpoint_token == "", "SECURITY.md: no token is set"
    assert "server_key" not in Settings().model_dump(), "SECURITY.md: keys are never in the file"
