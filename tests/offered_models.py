"""Models and downloads for tests of the windows."""

from dataclasses import replace
from pathlib import Path

from alisa_desktop.core.brains import Brain, Fetch, FetchState, Fit, FoundServer, Offer, Pinned

GB = 1_000_000_000
SMALL = Offer(
    "small", "Small & quick", "Short answers.", "Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0",
    2 * GB, 3 * GB, False, 4096, Pinned.CATALOG, Fit.GOOD, "", 7.25, recommended=True,
)  # fmt: skip
SEEING = replace(SMALL, id="seeing", title="Seeing", sees=True, fit=Fit.TIGHT, why="Close other programs first.")
HUGE = replace(
    SMALL, id="huge", title="Huge", fit=Fit.TOO_BIG, why="It needs 99 GB.", pinned=Pinned.HUB, recommended=False,
    tokens_per_second=None,
)  # fmt: skip
PLAIN = replace(SMALL, id="plain", title="Plain", recommended=False, pinned=Pinned.UNKNOWN)
OFFERS = (SMALL, SEEING, PLAIN, HUGE)
OWN = Brain(
    "small", "Small & quick", Path("/models/small/small.gguf"), 2 * GB, "Alisa", False,
    "Apache-2.0", "llama", "4B", "Q4_K_M",
)  # fmt: skip
LINKED = replace(OWN, id="mine", title="Mine", path=Path("/home/me/mine.gguf"), source="your own file", linked=True)
BROKEN = replace(LINKED, id="half", title="half.gguf", trouble="half.gguf ends too early.")
OTHERS = replace(LINKED, id="ollama-gemma", title="gemma3:4b", source="Ollama")
SERVER = FoundServer("Ollama", "http://127.0.0.1:11434/v1/chat/completions", ("gemma3:4b", "tiny"))


def fetch(state: FetchState = FetchState.RUNNING, share: float = 0.43, **more: object) -> Fetch:
    """The download of the small model."""
    rate, left = (11e6, 168.0) if state is FetchState.RUNNING else (0.0, None)
    known = Fetch("small", "Small & quick", state, round(2 * GB * share), 2 * GB, rate, left)
    return replace(known, **more)  # type: ignore[arg-type]
