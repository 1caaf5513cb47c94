"""Write which kinds of models the installed llama.cpp knows, and which of them can't cut their memory back.

python tools/list_architectures.py [--check]

The library keeps no list that could be asked for. So every word in it that may be a name is put into an empty model
file, and llama.cpp itself says whether it knows that kind. Linkers let a short word live at the end of a longer one,
hence the ends of words are tried, too; `--check` tries the whole words and what is in the list already, in a second.
"""

from __future__ import annotations

import re
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import llama_cpp

from alisa_desktop.model.variants import load_best

LIST = Path(__file__).resolve().parent.parent / "resources" / "models" / "architectures.txt"
WORD = re.compile(rb"(?<=\0)[a-z][a-z0-9._-]{1,31}(?=\0)")
LIBRARIES = ("libllama.so", "libllama.dylib", "llama.dll")
TITLE = "# The kinds of models that llama-cpp-python {version} knows: tools/list_architectures.py writes this file.\n"


def main() -> int:
    """Write the list, or with --check say whether it fits the library; returns the exit status."""
    if "--check" not in sys.argv[1:]:
        found = known(all_ends(words()))
        LIST.write_text(TITLE.format(version=llama_cpp.__version__) + "".join(lines(found)), encoding="utf-8")
        print(f"{len(found)} kinds in {LIST}")
        return 0
    written = {line for line in LIST.read_text(encoding="utf-8").splitlines(True) if not line.startswith("#")}
    wrong = sorted(written ^ set(lines(known(words() | {line.split()[0] for line in written}))))
    print("".join(wrong) or "the list fits")
    return 1 if wrong else 0


def words() -> set[str]:
    """Every word in the library that may be a name."""
    folder = Path(llama_cpp.__file__).parent / "lib"
    library = next(folder / name for name in LIBRARIES if (folder / name).is_file())
    return {word.decode() for word in WORD.findall(library.read_bytes())}


def all_ends(names: Iterable[str]) -> set[str]:
    """The names and their endings, down to two letters."""
    ends = {name[start:] for name in names for start in range(len(name) - 1)}
    return {end for end in ends if end[0].isalpha()}


def known(names: Iterable[str]) -> dict[str, str]:
    """Those of the names that llama.cpp can load, with "recurrent", "hybrid" or nothing."""
    llama_cpp.llama_log_set(_SILENT, None)
    load_best(llama_cpp)
    llama_cpp.llama_backend_init()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.gguf"
        return dict(_loaded(file, sorted(names)))


def lines(found: dict[str, str]) -> Iterator[str]:
    """The lines of the list."""
    for name, kind in sorted(found.items()):
        yield f"{name} {kind}".rstrip() + "\n"


def _loaded(file: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    for name in names:
        file.write_bytes(_empty_model(name))
        model = llama_cpp.llama_model_load_from_file(str(file).encode(), params)
        if not model:
            continue
        recurrent, hybrid = llama_cpp.llama_model_is_recurrent(model), llama_cpp.llama_model_is_hybrid(model)
        llama_cpp.llama_model_free(model)
        yield name, "recurrent" if recurrent else "hybrid" if hybrid else ""


def _empty_model(name: str) -> bytes:
    entries = {"general.architecture": name, "tokenizer.ggml.model": "no_vocab"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries))
    return head + b"".join(_text(key) + struct.pack("<I", 8) + _text(value) for key, value in entries.items())


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


_SILENT = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)

if __name__ == "__main__":
    sys.exit(main())
