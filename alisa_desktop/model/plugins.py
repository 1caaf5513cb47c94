"""The plug-ins of llama.cpp: one for every kind of processor, and others for graphics cards. Child side.

ggml is built with a plug-in for each step of the instruction sets (`libggml-cpu-haswell.so`, `ggml-cpu-icelake.dll`,
`libggml-cpu-apple_m1.so` ...), and one of them must be loaded before the first model. Each tells by itself what this
processor claims to run; a claim is no proof, so `variants` has the choice and `load_variant` does as it is told.

They lie beside the other libraries, in `llama_cpp/lib` (so in the bundle), or where a wheel puts them, in `bin` beside
the package. A build without plug-ins has its variant built in. The module llama_cpp is handed in, since only `runner`
imports it.
"""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from alisa_desktop.host.processor import read_processor
from alisa_desktop.model.gpu_trial import works
from alisa_desktop.model.kept_state import build_of
from alisa_desktop.model.native import LoadFailed, NativeModel

BUILT_IN = "built in"
"""The variant of a library without plug-ins."""
CPU = 0  # ggml-backend.h, enum ggml_backend_dev_type
PLUGIN = re.compile(r"(?:lib)?ggml-(?P<kind>[a-z]+)(?:-(?P<variant>.+))?\.(?:so|dll)")
"""Names of plug-ins; the libraries of ggml itself are `libggml-base` and, without plug-ins, `libggml-cpu`."""


TRIAL_CONTEXT = 64


def build(lib: Any) -> str:
    """Describe the library: its version and what tells one build of it from another."""
    return build_of(lib.__version__, Path(lib.llama_cpp._lib._name))


def facts(lib: Any) -> dict[str, Any]:
    """What the choice of a variant depends on, in JSON's types: the build, the processor's name, what it claims."""
    name = ""
    with suppress(OSError):
        name = read_processor().name
    return {"build": build(lib), "processor": name, "variants": claimed(lib)}


def claimed(lib: Any) -> list[str]:
    """Return the variants that this processor says it can run, the best one first."""
    files = _variants(lib)
    if not files and _has_processor(lib):
        return [BUILT_IN]
    scores = {name: _score(file) for name, file in files.items()}
    return sorted((name for name, score in scores.items() if score), key=lambda name: -scores[name])


def load_variant(lib: Any, name: str) -> None:
    """Compute with this variant from now on, unless there is one already; may crash the process.

    Raises `LoadFailed` where there is no such one.
    """
    if _has_processor(lib):
        return
    file = _variants(lib).get(name)
    if file is None or not _register(lib, file):
        raise LoadFailed(f"there is no processor variant {name}")


def decodes(lib: Any, path: Path) -> bool:
    """Decode a few tokens of a tiny model by the loaded variant; may crash the process. False where it can't be read.

    A quantised one, several tokens at once: those are the kernels that use the newest instructions.
    """

    def open_it() -> NativeModel:
        return NativeModel(
            lib,
            path,
            context_tokens=TRIAL_CONTEXT,
            threads=1,
            batch_threads=1,
            safe=False,
            on_progress=lambda _: None,
            is_stopped=lambda: False,
        )

    return path.is_file() and works(open_it)


def load_others(lib: Any) -> None:
    """Load the plug-ins for graphics cards and the like; one that can't be loaded is done without."""
    for kind, name, file in _plugins(lib):
        if kind not in ("base", "cpu") and not name:
            with suppress(LoadFailed):
                _register(lib, file)


def _plugins(lib: Any) -> list[tuple[str, str, Path]]:
    """Kind, variant ("" for none) and file of every library that may be a plug-in."""
    package = Path(lib.__file__).parent
    files = [file for folder in (package / "lib", package.parent / "bin") for file in sorted(folder.glob("*ggml-*"))]
    return [(match["kind"], match["variant"] or "", file) for file in files if (match := PLUGIN.fullmatch(file.name))]


def _variants(lib: Any) -> dict[str, Path]:
    return {name: file for kind, name, file in _plugins(lib) if kind == "cpu" and name}


def _score(file: Path) -> int:
    """What a plug-in thinks of itself on this processor; 0 where it does not run."""
    try:
        return int(ctypes.CDLL(str(file)).ggml_backend_score())
    except (OSError, AttributeError):
        return 0


def _register(lib: Any, file: Path) -> bool:
    """Load a plug-in into the ggml that llama.cpp uses, by ctypes: `ggml_backend_load` can't read every path."""
    try:
        begin = ctypes.CDLL(str(file)).ggml_backend_init
    except (OSError, AttributeError) as error:
        raise LoadFailed(f"{file.name} is no plug-in") from error
    begin.restype = ctypes.c_void_p
    register = _ggml(lib).ggml_backend_register
    register.argtypes, register.restype = [ctypes.c_void_p], None
    backend = begin()
    if backend:
        register(backend)
    return bool(backend)


def _has_processor(lib: Any) -> bool:
    find = _ggml(lib).ggml_backend_dev_by_type
    find.argtypes, find.restype = [ctypes.c_int], ctypes.c_void_p
    return bool(find(CPU))


def _ggml(lib: Any) -> Any:
    """The very ggml that llama.cpp is linked with: a wheel may hold copies, each with a registry of its own."""
    llama: Any = lib.llama_cpp._lib
    if sys.platform != "win32":
        return llama  # what a library depends on is found through it
    folder = Path(llama._name).parent
    return ctypes.CDLL(str(next(file for name in ("ggml.dll", "libggml.dll") if (file := folder / name).exists())))
