"""Whether a model suits this machine, how quick it will be, and which ones to recommend. Pure: nothing is measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alisa_desktop.core.brains import Fit
from alisa_desktop.host.hardware import Hardware
from alisa_desktop.model.gguf_header import GIB, MIB, GgufHeader

SHARE = 0.8
"""Of the memory there is, a model may take that much; the runner refuses more."""
SPARE_DISK = 1_000_000_000
QUICK = 5.0
"""Tokens a second, about as fast as one reads. Slower than that, waiting is all one does."""
EFFICIENCY = 0.6
KEY_VALUES = 160 << 10
RECOMMENDED = 3
_PARAMETERS = re.compile(
    r"(?:(?P<times>\d{1,3})\s*x\s*)?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>b(?:illion)?|m(?:illion)?)\b", re.I
)
_BITS = re.compile(r"(?:UD-)?(?:I?Q|B?F|MXFP|NVFP)(\d+)", re.I)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether a model suits a machine. Sizes in bytes, 0 for not known; see `memory_of_size`.

    `file_bytes` are to be downloaded, `memory_bytes` taken while it thinks, `active_bytes` read for every token.
    `full_attention` is false for those with a sliding window. `installed` ones need no disk.
    """

    id: str
    title: str
    file_bytes: int
    memory_bytes: int
    active_bytes: int
    sees: bool = False
    recurrent: bool = False
    full_attention: bool = True
    installed: bool = False


def memory_needed(header: GgufHeader, context_tokens: int, projector_bytes: int = 0) -> int:
    """Bytes a model takes while it thinks: weights, KV cache, room to compute, and its eyes.

    Layers with a sliding window are counted as if they saw everything, which is how we run them.
    """
    return header.memory_bytes(header.usable_context(context_tokens)) + projector_bytes


def size_by_name(parameters: str, quantization: str) -> int:
    """About how large the weights of a model are that is only spoken of, like "4B" or "4 billion" as "Q4_K_M"; bytes.

    0 where the words tell nothing. The bits a weight are those of llama.cpp's tools/quantize/README.md, rounded up.
    "Effective" parameters are taken twice: such models keep tables beside them that are as large again.
    """
    count, bits = _PARAMETERS.search(parameters), _BITS.match(quantization)
    if not count or not bits:
        return 0
    numbers = float(count["number"]) * int(count["times"] or 1) * {"b": 1e9, "m": 1e6}[count["unit"][0].lower()]
    table = 2 if "effective" in parameters.lower() else 1
    return round(numbers * table * (float(bits[1]) + (1 if float(bits[1]) < 16 else 0)) / 8)


def memory_of_size(file_bytes: int, context_tokens: int) -> int:
    """About what a model takes of which only the size of its files is known; 0 where not even that is.

    Counts 160 KiB of KV cache a token, somewhat more than models of up to 4 billion parameters take.
    """
    if not file_bytes:
        return 0
    return file_bytes + KEY_VALUES * context_tokens + min(GIB, 128 * MIB + file_bytes)


def fit(memory_bytes: int, hardware: Hardware, freed_bytes: int = 0) -> Fit:
    """How a model that takes `memory_bytes` suits this machine.

    Besides the model, 1 GiB is to stay free (for a small model, no more than it takes itself). `freed_bytes` are those
    of the present model, which goes. A machine that doesn't tell its memory gets the benefit of the doubt: TIGHT.
    """
    if not hardware.memory_bytes:
        return Fit.TIGHT
    if not _has_room(memory_bytes, hardware.memory_bytes):
        return Fit.TOO_BIG
    available = min(hardware.memory_bytes, hardware.available_bytes + freed_bytes)
    return Fit.GOOD if _has_room(memory_bytes, available) else Fit.TIGHT


def why(
    memory_bytes: int, hardware: Hardware, freed_bytes: int = 0, title: str = "It", others: Sequence[str] = ()
) -> str:
    """A sentence on what is wrong with the fit and the way out; "" where nothing is. `others` are titles that suit."""
    needs = f"{title} needs about {gigabytes(memory_bytes)} of memory"
    match fit(memory_bytes, hardware, freed_bytes):
        case Fit.GOOD:
            return ""
        case Fit.TOO_BIG:
            return f"{needs}, this machine has {_number(hardware.memory_bytes)}: {_way_out(others)}."
    if not hardware.memory_bytes:
        return f"{needs}, and I can't tell how much this machine has."
    free = _number(hardware.available_bytes + freed_bytes)
    return f"{needs}, and just now {free} are free: close other programs first, or {_way_out(others)}."


def tokens_per_second(active_bytes: int, bandwidth: float) -> float | None:
    """Tokens a second to expect where `active_bytes` are read for each, at `bandwidth` bytes a second; None: unknown.

    Decoding one token reads all active weights once, so memory sets the pace. Of the bandwidth that plain reading
    reaches (`model.speed`), llama.cpp uses a part: with llama-cpp-python 0.3.36 on random models of 312 and 589 MB
    0.44 to 0.61 (Q4_0), 0.69 to 0.72 (Q4_K) and 0.68 to 0.99 (Q8_0) of it with one thread, AVX-512, on a shared
    machine. `EFFICIENCY` is 0.6, rather too low than too high. Servers reach 55 to 60 % of their peak bandwidth
    (Databricks, LLM Inference Performance Engineering: Best Practices, 2023, which calls that MBU). None of this holds
    for threads that others keep off their cores: these then wait for each other, at a tenth of the pace.
    """
    return EFFICIENCY * bandwidth / active_bytes if active_bytes and bandwidth else None


def recommend(candidates: Iterable[Candidate], hardware: Hardware, bandwidth: float = 0.0) -> tuple[Candidate, ...]:
    """The two or three models to recommend for this machine, the best first; fewer where fewer suit.

    The bigger the better, as long as it has room in memory and on the disk and is quick enough. Full attention is
    worth a third more of size. Never one that is recurrent; one of them sees, if one that suits does. Where none is
    quick enough, the quickest. Never one whose size isn't known, not even about.
    """
    suit = [one for one in candidates if _may_be_had(one, hardware)]
    roomy = [one for one in suit if fit(one.memory_bytes, hardware) is Fit.GOOD] or suit
    quick = [one for one in roomy if _is_quick(one, bandwidth)] or sorted(roomy, key=lambda one: one.active_bytes)[:1]
    ranked = sorted(quick, key=_worth, reverse=True)
    best = ranked[:RECOMMENDED]
    seeing = next((one for one in ranked if one.sees), None)
    if seeing and seeing not in best:
        best[-1] = seeing
    return tuple(best)


def gigabytes(size: int) -> str:
    """Gigabytes of memory for people, as memory is sold: 8 GB are 8 GiB."""
    return f"{_number(size)} GB"


def _number(size: int) -> str:
    size_in_gb = size / GIB
    if size_in_gb < 0.1:
        return "less than 0.1"
    return f"{size_in_gb:.0f}" if size_in_gb >= 9.5 else f"{size_in_gb:.1f}".removesuffix(".0")


def _has_room(memory_bytes: int, there: int) -> bool:
    return memory_bytes <= SHARE * there and memory_bytes + min(GIB, memory_bytes) <= there


def _way_out(others: Sequence[str]) -> str:
    if not others:
        return "choose a smaller one"
    return f"choose {others[0]}" if len(others) == 1 else f"choose one of these: {', '.join(others)}"


def _may_be_had(one: Candidate, hardware: Hardware) -> bool:
    """Whether it may be recommended and has room at all."""
    room = one.installed or not hardware.disk_free_bytes or one.file_bytes + SPARE_DISK <= hardware.disk_free_bytes
    known = one.memory_bytes > 0
    return known and room and not one.recurrent and fit(one.memory_bytes, hardware) is not Fit.TOO_BIG


def _is_quick(one: Candidate, bandwidth: float) -> bool:
    speed = tokens_per_second(one.active_bytes, bandwidth)
    return speed is None or speed >= QUICK


def _worth(one: Candidate) -> float:
    return one.memory_bytes * (4 / 3 if one.full_attention else 1)
