"""Measures Alisa against baselines and prints one table: `run.py [decode prefix ...] [--quick] [--json FILE]`.

Every figure is a ratio to a baseline that was measured in turn with it, because machines are shared and noisy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import bundle, checksum, decode, endpoint, eyes, idle, loop, prefix, quit, start, warm
from benchmarks.report import Row, table, write_json

Benchmark = Callable[[Path, bool], list[Row]]
BENCHMARKS: dict[str, Benchmark] = {
    "decode": decode.measure,
    "prefix": prefix.measure,
    "start": start.measure,
    "idle": idle.measure,
    "loop": loop.measure,
    "eyes": eyes.measure,
    "endpoint": endpoint.measure,
    "warm": warm.measure,
    "checksum": checksum.measure,
    "quit": quit.measure,
    "bundle": bundle.measure,
}


def main() -> int:
    """Measure what was asked for; returns 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description="Measure Alisa against baselines.")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer: a first impression")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument(
        "--aware", type=float, metavar="SECONDS", help="how long eyes watches a still page (60, quick 10)"
    )
    parser.add_argument(
        "--load", type=float, metavar="SECONDS", help="have endpoint under load for so long instead of measuring it"
    )
    parser.add_argument(
        "--exe", type=Path, metavar="FILE", help="the bundle's program: quit measures it, bundle does anyway (dist/...)"
    )
    said = parser.parse_args()
    if unknown := set(said.names) - set(BENCHMARKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    benchmarks = BENCHMARKS | {
        "eyes": partial(eyes.measure, seconds=said.aware),
        "endpoint": partial(endpoint.measure, load=said.load),
        "quit": partial(quit.measure, exe=said.exe),
        "bundle": partial(bundle.measure, exe=said.exe),
    }
    rows = []
    for name in said.names or benchmarks:
        rows += _measured(name, benchmarks[name], said.quick)
    print(table(rows))
    if said.json:
        write_json(said.json, rows, said.quick)
    return 0


def _measured(name: str, benchmark: Benchmark, quick: bool) -> list[Row]:
    began = time.monotonic()
    print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="alisa-bench-") as folder:
        rows = benchmark(Path(folder), quick)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
