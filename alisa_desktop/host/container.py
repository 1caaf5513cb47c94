"""How much of a machine a container may use: the limits of control groups (Linux; elsewhere there are none).

Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NO_LIMIT = 1 << 60
"""What version 1 writes for no limit is about 2^63."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Memory (bytes) and processor time (cores) a container may use, and the memory (bytes) it may still take.

    None: as much as the machine has.
    """

    memory_bytes: int | None = None
    free_bytes: int | None = None
    cores: float | None = None


def read_limits(root: Path = Path("/")) -> Limits:
    """The limits of this process and of all groups around it, the tightest of each kind."""
    groups = dict(_groups(root))
    memory = [found for folder in _around(root, groups, "memory") if (found := _memory(folder))]
    cores = [quota for folder in _around(root, groups, "cpu") if (quota := _cores(folder))]
    return Limits(
        min((limit for limit, _ in memory), default=None),
        min((max(0, limit - used) for limit, used in memory), default=None),
        min(cores, default=None),
    )


def _groups(root: Path) -> Iterator[tuple[str, str]]:
    """Which group this process is in, by controller; "" is that of version 2."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield from ((name, parts[2]) for name in parts[1].split(","))


def _around(root: Path, groups: dict[str, str], controller: str) -> Iterator[Path]:
    """The folders of the group and of all around it. In a container the path may be that of the world outside."""
    for top, group in ((root / "sys/fs/cgroup", ""), (root / "sys/fs/cgroup" / controller, controller)):
        parts = [part for part in groups.get(group, "").split("/") if part not in ("", "..")]
        yield from (top.joinpath(*parts[:length]) for length in range(len(parts), -1, -1))


def _memory(folder: Path) -> tuple[int, int] | None:
    """The limit of a group and what it uses, without the files that the kernel would drop for it."""
    for limit_file, used_file, dropped in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit = _text(folder / limit_file)
        if limit.isdecimal() and int(limit) < NO_LIMIT:
            return int(limit), max(0, _number(folder / used_file) - _statistic(folder / "memory.stat", dropped))
    return None


def _cores(folder: Path) -> float | None:
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    quota, period = quota or _text(folder / "cpu.cfs_quota_us"), period or _text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _statistic(file: Path, name: str) -> int:
    pairs = (line.split() for line in _text(file).splitlines())
    return next((int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == name and pair[1].isdecimal()), 0)


def _number(file: Path) -> int:
    text = _text(file)
    return int(text) if text.isdecimal() else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
