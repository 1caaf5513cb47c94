"""The data of ICU, on Linux, cut down to what Qt asks it for: how words are sorted.

Qt has names of languages, countries, currencies and units of its own, converts the encodings that matter by itself, and
breaks lines by itself; of the 32 MB that come with it, these are 27.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

UNUSED = re.compile(r"\w+/(brkitr|curr|lang|rbnf|region|translit|unit|zone)/.*|\w+/unames\.icu|.*\.(cfu|cnv|spp)")
LOCALE = re.compile(r"\w+/(?!res_index)[a-z]{2,3}(_\w+)?\.res")
"""Resources of single languages in the topmost folder; those in `coll` are the orders of letters."""
SYMBOL = re.compile(r"\s(?P<address>[0-9a-f]+)\s+(?P<size>\w+)\s+OBJECT\s+GLOBAL\s.*\s(?P<name>icudt\d+_dat)\s")
ALIGNMENT = 16
MAGIC = b"\xda\x27"
FORMAT = b"CmnD"


def trim(library: Path) -> None:
    """Put a library with less data in the place of `libicudata.so.*`.

    Raises `ValueError` for data that is not as ICU 50 to 78 lay it out, and `subprocess.CalledProcessError`.
    """
    table = subprocess.run(
        ["readelf", "--wide", "--dyn-syms", str(library)], capture_output=True, text=True, check=True
    ).stdout
    symbol = SYMBOL.search(table + "\n")
    if not symbol:
        raise ValueError(f"{library.name} has no data of ICU")
    start, size = int(symbol["address"], 16), int(symbol["size"], 0)  # a file of data alone: addresses are places
    package = library.read_bytes()[start : start + size]
    data, source = library.with_suffix(".dat"), library.with_suffix(".S")
    data.write_bytes(pack(package, (item for item in items(package) if is_used(item[0]))))
    source.write_text(
        f".section .rodata\n.balign 4096\n.globl {symbol['name']}\n.type {symbol['name']}, %object\n"
        f'{symbol["name"]}:\n.incbin "{data.name}"\n.size {symbol["name"]}, .-{symbol["name"]}\n'
        '.section .note.GNU-stack,"",%progbits\n'
    )
    link = ["c++", "-shared", "-nostdlib", f"-Wl,-soname,{library.name}", "-o", library.name, source.name]
    library.unlink()
    subprocess.check_call(link, cwd=library.parent)
    data.unlink()
    source.unlink()


def is_used(name: str) -> bool:
    """Whether Qt may ask for an item of the data."""
    return not UNUSED.fullmatch(name) and not LOCALE.fullmatch(name)


def items(package: bytes) -> Iterable[tuple[str, bytes]]:
    """Name and content of all items of a package, in its order (udata.h, ucmndata.h: UDataInfo, UDataOffsetTOC)."""
    header = struct.unpack_from("<H", package)[0]
    if package[2:4] != MAGIC or package[12:16] != FORMAT:
        raise ValueError("this is no package of ICU's data")
    contents = package[header:]
    count = struct.unpack_from("<I", contents)[0]
    places = [struct.unpack_from("<II", contents, 4 + 8 * number) for number in range(count)]
    ends = [place for _, place in places[1:]] + [len(contents)]
    for (name, begin), end in zip(places, ends, strict=True):
        yield contents[name : contents.index(b"\0", name)].decode("ascii"), contents[begin:end]


def pack(package: bytes, kept: Iterable[tuple[str, bytes]]) -> bytes:
    """A package with the header of another one, and these items, which keep their order."""
    kept = list(kept)
    header = package[: struct.unpack_from("<H", package)[0]]
    names = b"".join(name.encode("ascii") + b"\0" for name, _ in kept)
    first_name = 4 + 8 * len(kept)
    place = -(-(first_name + len(names)) // ALIGNMENT) * ALIGNMENT
    table, data, at = struct.pack("<I", len(kept)), b"", first_name
    chunks = []
    for name, content in kept:
        table += struct.pack("<II", at, place)
        at += len(name) + 1
        chunks.append(content + bytes(-len(content) % ALIGNMENT))
        place += len(chunks[-1])
    data = (table + names).ljust(-(-(first_name + len(names)) // ALIGNMENT) * ALIGNMENT, b"\0")
    return header + data + b"".join(chunks)
