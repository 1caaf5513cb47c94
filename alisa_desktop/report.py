"""A report for whoever mends bugs: what went wrong and on what machine. No names, no talk, no addresses."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from alisa_desktop import __version__
from alisa_desktop.core.log import APP
from alisa_desktop.host.bugs import Bug
from alisa_desktop.host.hardware import Hardware, look
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.redaction import Redaction
from alisa_desktop.settings.schema import ModelSource, Settings

LOG_LINES = 60
LOG_BYTES = 30_000
"""Of the log's end that is read."""
LONGEST_CRASH = 8000
"""Characters of what a crash left behind."""
FEATURES = ("SSE4.2", "AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512", "NEON", "DOTPROD", "I8MM")


def make_report(
    paths: Paths, settings: Settings, bugs: Sequence[Bug] = (), crash: str = "", facts: Mapping[str, str] | None = None
) -> str:
    """The report as plain text; `facts` are more lines about the machine. Reads the end of the log, in some ms."""
    parts = [_machine(paths, settings, facts or {})]
    parts += [f"It crashed in native code the last time:\n{_crash(crash)}"] if crash else []
    parts += [_bug(bug) for bug in bugs]
    parts += [f"The end of the log:\n{_log(paths.logs)}"]
    return Redaction.of_report(paths.profile, settings)("\n\n".join(parts) + "\n")


def _machine(paths: Paths, settings: Settings, facts: Mapping[str, str]) -> str:
    hardware = look(paths.profile)
    bundled = "bundle" if getattr(sys, "frozen", False) else "Python package"
    lines = {
        "Alisa": f"{__version__}, as {bundled}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        **facts,
        "Machine": str(hardware),
        "Processor has": ", ".join(_features(hardware)) or "unknown",
        "Brain": _brain(settings),
        "Settings": ", ".join(_choices(settings)),
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def _features(hardware: Hardware) -> list[str]:
    return [name for name in FEATURES if hardware.processor.knows(name)]


def _brain(settings: Settings) -> str:
    if settings.model_source is not ModelSource.FILE:
        return settings.model_source.value
    try:
        size = f"{Path(settings.model_file).expanduser().stat().st_size / 1e9:.1f} GB"
    except (OSError, RuntimeError):
        size = "missing"
    return f"a file ({size}), context {settings.context_tokens}"


def _choices(settings: Settings) -> list[str]:
    """What differs from the defaults and is no text of the user's."""
    plain = Settings()
    changed = {name: getattr(settings, name) for name in Settings.model_fields}
    return [
        f"{name}={value.value if isinstance(value, Enum) else value}"
        for name, value in changed.items()
        if value != getattr(plain, name) and isinstance(value, bool | int | Enum)
    ] or ["all as they come"]


def _bug(bug: Bug) -> str:
    return "\n".join([f"At {bug.at:%H:%M:%S} UTC, {bug.said}", *bug.lines])


def _crash(stacks: str) -> str:
    """The thread that crashed first, which is told after all others."""
    others, current, crashed = stacks.partition("Current thread 0x")
    said, _, others = others.partition("\n")
    told = f"{said}\n{current}{crashed}\n{others}"
    if len(told) > LONGEST_CRASH:
        told = told[:LONGEST_CRASH].rpartition("\n")[0]  # half a name would not be taken for one
    return told.strip()


def _log(folder: Path) -> str:
    try:
        with (folder / f"{APP}.log").open("rb") as file:
            if file.seek(max(0, file.seek(0, 2) - LOG_BYTES)):
                file.readline()  # its end only: half a name would not be taken for one
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "(none)"
    return "\n".join(text.splitlines()[-LOG_LINES:])
