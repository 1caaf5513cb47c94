"""The suite on the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence

from websockets.exceptions import InvalidHandshake, InvalidURI

from .rule import Outcome, Verdict, examine
from .rules_asked import ASKED
from .rules_told import TOLD
from .stage import Stage

KEPT, BROKEN, NOBODY = 0, 1, 2


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser("tests.conformance", description="Does a server speak Alisa's text protocol v1?")
    parser.add_argument("address", help="for example ws://127.0.0.1:8000/ws/chat")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long: the keep-alive")
    parser.add_argument("--patience", type=float, default=90.0, metavar="SECONDS", help="for a frame (default 90)")
    parser.add_argument("--grace", type=float, default=5.0, metavar="SECONDS", help="for words after /stop (default 5)")
    parser.add_argument("--mode", default="default", metavar="NAME", help="the mode to leave the server in")
    return parser.parse_args(arguments)


async def knock(stage: Stage) -> str:
    """Why nobody can be talked to at the address; empty when somebody can."""
    try:
        await stage.knock()
    except InvalidURI:
        return f"{stage.address} is no address of a WebSocket, such as ws://127.0.0.1:8000/ws/chat."
    except InvalidHandshake as error:
        return f"Somebody answers at {stage.address}, but not as a WebSocket ({error})."
    except TimeoutError:
        return f"{stage.address} did not answer within {stage.patience:g} s."
    except OSError as error:
        return f"Nobody listens at {stage.address} ({error})."
    return ""


async def run(asked: argparse.Namespace) -> int:
    """Run the suite and print what it finds; returns the exit code."""
    stage = Stage(asked.address, asked.patience, asked.grace, asked.quick, asked.mode)
    if trouble := await knock(stage):
        print(json.dumps({"address": asked.address, "error": trouble}) if asked.json else trouble)
        return NOBODY
    verdicts: list[Verdict] = []
    async for verdict in examine(stage, ASKED, TOLD):
        verdicts.append(verdict)
        if not asked.json:
            print(verdict, flush=True)
    found = Counter(str(verdict.outcome) for verdict in verdicts)
    print(_report(asked.address, verdicts, found) if asked.json else _summary(found))
    return BROKEN if found[Outcome.BROKEN] else KEPT


def _report(address: str, verdicts: Sequence[Verdict], found: Counter[str]) -> str:
    rules = [verdict.as_json() for verdict in verdicts]
    return json.dumps({"address": address, **found, "rules": rules}, ensure_ascii=False, indent=2)


def _summary(found: Counter[str]) -> str:
    return "\n" + ", ".join(f"{found[outcome]} {outcome}" for outcome in Outcome)


def main() -> int:
    """Run the suite for the command line."""
    try:
        return asyncio.run(run(parse(sys.argv[1:])))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
