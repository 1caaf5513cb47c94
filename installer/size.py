"""How big the bundle is: installed, compressed as installers do it, and which files make it so."""

from __future__ import annotations

import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MEGABYTE = 1_000_000
MOST_INSTALLED = 300 * MEGABYTE
MOST_COMPRESSED = 130 * MEGABYTE
BIGGEST = 10
PRESET = 6
"""Of xz: the one that Debian's packages are made with."""
STREAMS = 4


def files(folder: Path) -> list[tuple[int, Path]]:
    """All files of a folder with their sizes in bytes, the biggest first; links take no room."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(((path.stat().st_size, path.relative_to(folder)) for path in found), reverse=True)


def installed(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(size for size, _ in files(folder))


def compressed(folder: Path) -> int:
    """Bytes of all files in a folder in a few streams of xz, pressed side by side. Takes a minute or two."""
    streams: list[list[Path]] = [[]]
    room = share = installed(folder) // STREAMS
    for size, path in sorted(files(folder), key=lambda one: (one[1].suffix, one[1])):  # alike beside alike
        if room < 0:
            streams.append([])
            room = share
        streams[-1].append(folder / path)
        room -= size
    with ThreadPoolExecutor() as pool:
        return sum(pool.map(_pressed, streams))


def _pressed(paths: list[Path]) -> int:
    press = lzma.LZMACompressor(preset=PRESET)
    return sum(len(press.compress(path.read_bytes())) for path in paths) + len(press.flush())


def report(folder: Path, pressed: int) -> str:
    """A table of sizes to read; `pressed` is what `compressed` found."""
    lines = [
        f"installed   {installed(folder) / MEGABYTE:6.1f} MB of {MOST_INSTALLED / MEGABYTE:.0f}",
        f"compressed  {pressed / MEGABYTE:6.1f} MB of {MOST_COMPRESSED / MEGABYTE:.0f}",
        "",
        *(f"{size / MEGABYTE:18.1f} MB {path.as_posix()}" for size, path in files(folder)[:BIGGEST]),
    ]
    return "\n".join(lines) + "\n"
