from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import llama_cpp
import pytest
from stand_in_runner import StandIn
from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.errors import ModelCrashed, ProcessorUnfit
from alisa_desktop.core.messages import Message, ModelState, Prompt, Role, Sampling
from alisa_desktop.model import plugins
from alisa_desktop.model.native import LoadFailed
from alisa_desktop.model.variants import ILLEGAL, Choice, Machine, Variants, last_used, load_best

Start = Callable[..., Awaitable[Any]]

HELLO = Prompt((Message(Role.USER, "hello"),), Sampling(max_tokens=4))
CLAIMED = ["amx", "avx512", "avx2", "x64"]
FACTS = {"build": "1", "processor": "i9", "variants": CLAIMED}
MACHINE = Machine("1", "i9", tuple(CLAIMED))
CRASHES = ["exit"] if sys.platform == "win32" else ["exit", "illegal", "segfault"]
signals = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in ends by signals")


def file_of(folder: Path) -> Path:
    """Where the models of these tests keep what they found out."""
    return folder / "profile" / "processors.json"


# The choice, with a stand-in for the runner


@pytest.mark.parametrize("crash", CRASHES)
async def test_one_that_crashes_makes_way_for_the_next_and_is_never_tried_again(
    start: Start, machine: StandIn, tmp_path: Path, crash: str
) -> None:
    command = machine.has(facts=FACTS, bad=["amx", "avx512"], ends=crash)
    alisa = await start(machine.model, command=command)
    assert machine.tried() == ["amx", "avx512", "avx2"]
    assert machine.asked() == ["load 2048"], "neither its speed nor its context is what that costs"
    assert alisa.model.status.detail == ""
    assert last_used(file_of(tmp_path)) == (MACHINE, "avx2")
    again = await start(machine.model, command=command)
    assert (machine.tried(), len(again.processes)) == ([], 1)
    assert (await again.hear(HELLO)).usage.prompt == 1


async def test_the_best_is_tried_once(start: Start, machine: StandIn) -> None:
    for tried in (["amx"], [], []):
        alisa = await start(machine.model, command=machine.has(facts=FACTS))
        assert machine.tried() == tried
        assert len(alisa.processes) == 1, "the runner that tries it is the one that talks"


@pytest.mark.parametrize("fact", [{"build": "2"}, {"processor": "i7"}, {"variants": ["zen4", *CLAIMED]}])
async def test_another_library_or_processor_is_tried_anew(
    start: Start, machine: StandIn, fact: dict[str, object]
) -> None:
    await start(machine.model, command=machine.has(facts=FACTS, bad=["amx"]))
    assert machine.tried() == ["amx", "avx512"]
    facts = FACTS | fact
    await start(machine.model, command=machine.has(facts=facts))
    assert machine.tried() == [facts["variants"][0]]  # type: ignore[index]  # a list


@pytest.mark.parametrize("facts", [FACTS, FACTS | {"variants": []}])
async def test_where_none_works_that_is_a_sentence(start: Start, machine: StandIn, facts: dict[str, Any]) -> None:
    alisa = await start(machine.model, command=machine.has(facts=facts, bad=CLAIMED, ends="exit"), ready=False)
    with pytest.raises(ProcessorUnfit, match="processor can't run"):
        await alisa.model.ready()
    assert machine.tried() == facts["variants"]
    assert alisa.model.status.state is ModelState.FAILED
    assert "server" in alisa.model.status.detail
    await alisa.model.close()
    await alisa.model.start()  # by the user's wish: from the best one on
    with pytest.raises(ProcessorUnfit):
        await alisa.model.ready()
    assert machine.tried() == facts["variants"]


@signals
async def test_one_that_fails_later_is_left_behind_for_good(start: Start, machine: StandIn) -> None:
    command = machine.has(facts=FACTS, bad_later=["amx"])
    await start(machine.model, command=command)
    assert machine.tried() == ["amx", "avx512"]
    assert machine.asked() == ["load 2048", "load 2048"], "not the safe way: the processor was it"
    await start(machine.model, command=command)
    assert machine.tried() == []


@signals
async def test_one_that_fails_in_a_talk_costs_that_reply(start: Start, machine: StandIn, tmp_path: Path) -> None:
    alisa = await start(machine.model, command=machine.has(facts=FACTS, bad_talk=["amx"]))
    with pytest.raises(ModelCrashed, match="say it once more"):
        await alisa.hear(HELLO)
    assert (await alisa.hear(HELLO)).usage.prompt == 1
    assert machine.tried() == ["amx", "avx512"]
    assert last_used(file_of(tmp_path)) == (MACHINE, "avx512")
    assert [status.state for status in alisa.told.all].count(ModelState.FAILED) == 0


@signals
async def test_a_library_that_can_not_even_be_loaded_is_a_sentence(start: Start, machine: StandIn) -> None:
    alisa = await start(machine.model, command=machine.has(facts=FACTS, dies_at_once=True), ready=False)
    with pytest.raises(ProcessorUnfit):
        await alisa.model.ready()
    assert machine.tried() == []


async def test_what_could_not_be_tried_is_used_and_not_remembered(
    start: Start, machine: StandIn, tmp_path: Path
) -> None:
    await start(machine.model, command=machine.has(facts=FACTS, proven=False))
    assert machine.asked() == ["load 2048"]
    assert last_used(file_of(tmp_path)) is None


def test_only_a_crash_counts_against_a_variant(tmp_path: Path) -> None:
    choice = Choice(Variants(tmp_path / "p.json", tmp_path / "tiny.gguf"))
    assert not choice.was_wrong(ILLEGAL), "nothing was chosen yet"
    order = {"type": "try", "variant": "amx", "path": str(tmp_path / "tiny.gguf")}
    for status in (0, None, -9):
        assert choice.make(FACTS) == order
        assert not choice.was_wrong(status)
    choice.make(FACTS)
    choice.confirm({"type": "tried", "proven": True})
    assert not choice.was_wrong(1), "it works, and something else went wrong"
    assert choice.make(FACTS) is None
    assert choice.was_wrong(ILLEGAL)
    assert choice.make(FACTS) == order | {"variant": "avx512"}


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '[["1", "i9"]]', '[["1", "i9", "amx", 1]]', '[["1", "i9", "amx"]]']
)
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    assert last_used(tmp_path / "p.json") is None
    assert Choice(Variants(tmp_path / "p.json", tmp_path)).make(FACTS)


# The real library on this processor


def test_the_variant_of_this_process_is_the_best_that_works_here(variant: str) -> None:
    assert variant in plugins.claimed(llama_cpp)
    assert load_best(llama_cpp) == variant
    plugins.load_variant(llama_cpp, "none"), "there is one already"
    plugins.load_others(llama_cpp)


def test_it_is_built_with_a_variant_for_every_kind_of_processor() -> None:
    """What is tested is what is shipped: no instruction of the machine that built it, and none left out."""
    known = {variant for kind, variant, _ in plugins._plugins(llama_cpp) if kind == "cpu"}
    assert "" not in known, "none is built in"
    assert len(known) >= 3
    if {"x64", "sse42"} & known:
        assert {"x64", "sse42", "sandybridge", "haswell", "skylakex", "icelake", "alderlake"} <= known


async def test_the_choice_is_remembered_with_the_real_runner(
    start: Start, endless: Path, tmp_path: Path, variant: str
) -> None:
    alisa = await start(endless)
    seen, used = last_used(file_of(tmp_path)) or (None, "")
    assert (used, seen and seen.claimed[0]) == (variant, plugins.claimed(llama_cpp)[0])
    remembered = file_of(tmp_path).read_bytes()
    alisa = await start(endless)
    assert (await alisa.hear(HELLO)).usage.reply == 4
    assert file_of(tmp_path).read_bytes() == remembered


LIAR = """
import sys
from alisa_desktop.model import plugins, runner
honest = plugins._score
plugins._score = lambda file: honest(file) or 100_000
sys.exit(runner.main())
"""
TRY = """
import sys, llama_cpp
from pathlib import Path
from alisa_desktop.model import plugins
plugins.load_variant(llama_cpp, sys.argv[1])
plugins.decodes(llama_cpp, Path(sys.argv[2]))
"""


async def test_a_processor_that_lies_ends_up_with_what_it_really_runs(
    start: Start, endless: Path, starter: Path, root: Path, tmp_path: Path
) -> None:
    """With real instructions that this processor doesn't have: a runner that claims everything tries them first."""
    names = {name for kind, name, _ in plugins._plugins(llama_cpp) if kind == "cpu"}
    unclaimed = sorted(names - set(plugins.claimed(llama_cpp)))
    ends = {
        name: subprocess.run(
            [sys.executable, "-c", TRY, name, str(starter)], cwd=root, capture_output=True, check=False
        ).returncode
        for name in unclaimed
    }
    if ILLEGAL not in ends.values():
        pytest.skip("this processor has all instructions that there are")
    alisa = await start(endless, command=[sys.executable, "-c", LIAR])
    seen, used = last_used(file_of(tmp_path)) or (None, "")
    assert seen
    assert used == next(name for name in seen.claimed if not ends.get(name))
    assert len(alisa.processes) == 1 + seen.claimed.index(used)
    assert alisa.model.status.detail == ""
    assert (await alisa.hear(HELLO)).usage.reply == 4


def test_amx_that_a_processor_only_claims_ends_in_the_trial(starter: Path, root: Path, variant: str) -> None:
    if "sapphirerapids" not in plugins.claimed(llama_cpp):
        pytest.skip("this processor claims no AMX")
    code = subprocess.run(
        [sys.executable, "-c", TRY, "sapphirerapids", str(starter)], cwd=root, capture_output=True, check=False
    ).returncode
    assert (code == 0) == (variant == "sapphirerapids")


@pytest.mark.parametrize("quant", ["Q4_0", "Q8_0", "F16"])
async def test_what_passed_the_trial_computes_all_kinds_of_weights(start: Start, tmp_path: Path, quant: str) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", quant=quant, never_ends=True, layers=2, d=256, heads=4, ff=512)
    alisa = await start(path)
    assert (await alisa.hear(HELLO)).usage.reply == 4
    assert path not in alisa.safe_list
    assert len(alisa.processes) == 1


def test_a_tiny_model_that_is_not_there_proves_nothing(tmp_path: Path, starter: Path) -> None:
    assert plugins.decodes(llama_cpp, starter)
    assert not plugins.decodes(llama_cpp, tmp_path / "none.gguf")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    assert not plugins.decodes(llama_cpp, tmp_path / "broken.gguf")


# Where plug-ins lie


class Bare:
    """A package without a back end: the `folder` of its files, and a ggml that knows no processor."""

    def __init__(self, folder: Path) -> None:
        self.__file__ = str(folder / "llama_cpp" / "__init__.py")
        ggml = SimpleNamespace(ggml_backend_dev_by_type=Nothing(), ggml_backend_register=Nothing(), _name="")
        self.llama_cpp = SimpleNamespace(_lib=ggml)


class Nothing:
    """A C function that finds nothing."""

    argtypes: object = None
    restype: object = None

    def __call__(self, *_: object) -> None:
        return None


@pytest.mark.skipif(sys.platform == "win32", reason="ggml is a file of its own there")
def test_they_are_found_in_the_bundle_and_in_a_wheel_by_the_names_of_all_systems(tmp_path: Path) -> None:
    beside, wheel = tmp_path / "llama_cpp" / "lib", tmp_path / "bin"
    for file in ("libggml-base.so.0", "libggml-base.so", "libggml.so", "libllama.so", "libggml-cpu-armv8.2_1.so"):
        beside.mkdir(parents=True, exist_ok=True)
        (beside / file).touch()
    for file in ("ggml-cpu-haswell.dll", "libggml-cpu-apple_m1.so", "libggml-vulkan.so", "ggml-base.dll"):
        wheel.mkdir(exist_ok=True)
        (wheel / file).touch()
    found = {(kind, variant) for kind, variant, _ in plugins._plugins(Bare(tmp_path))}
    cpu = {("cpu", "armv8.2_1"), ("cpu", "haswell"), ("cpu", "apple_m1")}
    assert found == {("base", ""), ("vulkan", ""), *cpu}
    assert plugins.claimed(Bare(tmp_path)) == [], "empty files claim nothing"
    plugins.load_others(Bare(tmp_path))
    for name in ("haswell", "none"):
        with pytest.raises(LoadFailed):
            plugins.load_variant(Bare(tmp_path), name)
