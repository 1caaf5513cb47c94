"""Who may know whom: every import of the program is looked at, and a wrong one is named with file and line."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "alisa_desktop"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE
LIGHT = frozenset({"PySide6", "llama_cpp", "sqlalchemy", "fastapi", "uvicorn", "httpx", "pydantic", "alembic"})

BEHIND = frozenset({"core", "settings", "host", "persona", "model", "memory", "vision", "conversation", "server"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    "": frozenset(),
    "core": frozenset(),
    "settings": frozenset({"core"}),
    "host": frozenset({"core"}),
    "persona": frozenset({"core"}),
    "model": frozenset({"core", "host"}),  # host: child processes
    "memory": frozenset({"core"}),
    "vision": frozenset({"core", "host"}),
    "updates": frozenset({"core", "settings", "model"}),  # settings: writing a file in one step; model: the web
    "conversation": frozenset({"core", "persona"}),
    "server": frozenset({"", "core", "conversation"}),
    "ui": frozenset({"core", "conversation", "settings"}),
    "options": frozenset({"core", "host"}),  # what the engine is asked for: known without opening it
    "engine": BEHIND | {"options"},
    "app": frozenset({"", "core", "settings", "host", "options", "engine", "doctor", "report", "updates", "ui"}),
    "doctor": BEHIND | {"", "engine"},
    "report": frozenset({"", "core", "settings", "host"}),
    # `history` and `forget` read the database without an engine, `models pin` the list of models that comes with her;
    # the talk in the terminal hears the conversation
    "cli": frozenset(
        {"", "core", "settings", "host", "options", "engine", "memory", "model", "conversation", "doctor"}
    ),
    "selftest": BEHIND | {"", "options", "engine", "ui", "app"},
    "__main__": BEHIND | {"", "cli", "app", "options", "engine", "ui", "selftest"},
}
"""For every room, the rooms it may import; the empty name is the package itself with its version."""

LIGHT_ROOMS = {"__main__": frozenset({"core", "host"})}
"""Rooms that import only these while they are imported themselves, and the rest inside functions."""

ROOM_OF_FILE = {
    **dict.fromkeys(
        ("terminal", "errands", "doorbell", "models_cli", "model_errands", "model_words", "checkup_errand"), "cli"
    ),
    **dict.fromkeys(
        (
            "start",
            "brain_wishes",
            "autostart_wishes",
            "update_wishes",
            "checkup_wishes",
            "leaving",
            "troubles",
            "qt_loop",
        ),
        "app",
    ),
    **dict.fromkeys(("doorway", "porter", "mind", "library"), "engine"),
}
"""Parts of a room."""

THIRD_PARTIES: dict[str, frozenset[str]] = {
    "core": frozenset(),
    "persona": frozenset(),
    "conversation": frozenset(),
    "settings": frozenset({"pydantic"}),
    "host": frozenset({"platformdirs", "keyring", "psutil", "Xlib", "jeepney", "AppKit"}),
    "model": frozenset({"httpx", "jinja2", "llama_cpp", "numpy", "psutil", "pydantic"}),
    "memory": frozenset({"sqlalchemy", "alembic"}),
    "vision": frozenset(
        {"mss", "cv2", "numpy", "psutil", "rapidocr", "Xlib", "jeepney", "Quartz", "ApplicationServices", "comtypes"}
    ),
    "server": frozenset({"fastapi", "starlette", "uvicorn", "websockets", "pydantic", "pydantic_core"}),
    "ui": frozenset({"PySide6", "pydantic", "annotated_types"}),  # the last are the bounds pydantic keeps
    "options": frozenset(),
    "updates": frozenset({"packaging"}),
    "report": frozenset(),
    "doctor": frozenset({"psutil"}),
    "engine": frozenset(),
    "app": frozenset({"PySide6", "qasync"}),
    "cli": frozenset({"click"}),
    "selftest": frozenset({"PySide6", "websockets"}),
    "__main__": frozenset(),
    "": frozenset(),
}
"""What each room may import of others' libraries."""

ONLY_IN = {
    "llama_cpp": {"model/runner.py"},
    "numpy": {"model/native.py", "vision/capture.py", "vision/tiles.py", "vision/reader.py"},
    "qasync": {"qt_loop.py"},
}
"""Libraries that one file alone may import."""


class Import(NamedTuple):
    file: str
    line: int
    module: str
    at_import: bool
    """Whether it runs when the file is imported (not inside a function, not only for the type checker)."""

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        return room_of(self.file)

    def __str__(self) -> str:
        return f"{PACKAGE}/{self.file}:{self.line} imports {self.module}"


def room_of(file: str) -> str:
    name = file.partition("/")[0].removesuffix(".py")
    return ROOM_OF_FILE.get(name, "" if name == "__init__" else name)


def room_of_module(module: str) -> str:
    name = module.removeprefix(PACKAGE).removeprefix(".").partition(".")[0]
    return ROOM_OF_FILE.get(name, name)


def imports_in(file: str, source: str) -> Iterator[Import]:
    yield from _imports(file, ast.parse(source), at_import=True)


def _imports(file: str, node: ast.AST, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        inner = at_import and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            inner = False
        match child:
            case ast.Import():
                for name in child.names:
                    yield Import(file, child.lineno, name.name, at_import)
            case ast.ImportFrom():
                yield from _from(file, child, at_import)
        yield from _imports(file, child, at_import=inner)


def _from(file: str, node: ast.ImportFrom, at_import: bool) -> Iterator[Import]:
    base = node.module or ""
    if node.level:
        here = [PACKAGE, *Path(file).parent.parts]
        base = ".".join([*here[: len(here) - node.level + 1], *filter(None, [base])])
    if base not in (PACKAGE, "") and not _is_folder(base):
        yield Import(file, node.lineno, base, at_import)
        return
    for name in node.names:  # `from alisa_desktop import app` names a module, or something the package defines
        inner = f"{base}.{name.name}"
        yield Import(file, node.lineno, inner if _is_module(inner) else base, at_import)


def _path_of(module: str) -> Path:
    return ROOT.parent / Path(*module.split("."))


def _is_folder(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE and _path_of(module).is_dir()


def _is_module(module: str) -> bool:
    return _path_of(module).with_suffix(".py").is_file() or _path_of(module).is_dir()


def complaints(found: Import) -> Iterator[str]:
    """What is wrong with an import, by the table."""
    if found.top == PACKAGE:
        target = room_of_module(found.module)
        if found.room != target and target not in MAY_IMPORT.get(found.room, frozenset()):
            yield f"{found}: {found.room or 'the package'} may not know {target or 'the package'}"
        light = LIGHT_ROOMS.get(found.room)
        if light is not None and found.at_import and target not in light:
            yield f"{found}: only inside a function"
    elif found.top not in sys.stdlib_module_names:
        if found.top not in THIRD_PARTIES.get(found.room, frozenset()):
            yield f"{found}: {found.room or 'the package'} may not use {found.top}"
        if found.file not in ONLY_IN.get(found.top, {found.file}):
            yield f"{found}: only {', '.join(ONLY_IN[found.top])} may"
    elif found.top == "asyncio" and found.room == "ui":
        yield f"{found}: windows know signals, no loop"


FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def all_imports() -> list[Import]:
    sources = ((file, (ROOT / file).read_text(encoding="utf-8")) for file in FILES)
    return [found for file, source in sources for found in imports_in(file, source)]


def test_every_import_follows_the_table() -> None:
    wrong = [complaint for found in all_imports() for complaint in complaints(found)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_room_is_in_the_table() -> None:
    rooms = {room_of(file) for file in FILES}
    assert rooms <= set(MAY_IMPORT), sorted(rooms - set(MAY_IMPORT))


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("core/bus.py", "import httpx", "may not use httpx"),
        ("core/bus.py", "from alisa_desktop.persona import modes", "core may not know persona"),
        ("core/bus.py", "from ..persona.modes import Mode", "core may not know persona"),
        ("core/bus.py", "if TYPE_CHECKING:\n    from alisa_desktop.model.llama import X", "core may not know model"),
        ("model/speaker.py", "def f():\n    import llama_cpp", "only model/runner.py"),
        ("ui/bubble.py", "import asyncio", "windows know signals"),
        ("ui/bubble.py", "from alisa_desktop import engine", "ui may not know engine"),
        ("engine.py", "from alisa_desktop.ui import tray", "engine may not know ui"),
        ("engine.py", "from PySide6.QtCore import QObject", "may not use PySide6"),
        ("terminal.py", "from alisa_desktop.ui import tray", "cli may not know ui"),
        ("__main__.py", "from alisa_desktop import cli", "only inside a function"),
        ("server/hub.py", "from alisa_desktop.persona.emotion import ReplyParser", "server may not know persona"),
    ],
)
def test_a_wrong_import_is_found_with_file_and_line(file: str, source: str, complaint: str) -> None:
    told = [told for found in imports_in(file, source) for told in complaints(found)]
    assert len(told) == 1
    assert complaint in told[0]
    assert told[0].startswith(f"{PACKAGE}/{file}:{len(source.splitlines())} ")


def test_a_right_import_is_none() -> None:
    source = "from __future__ import annotations\nimport asyncio\nfrom alisa_desktop.core import errors"
    assert not [told for found in imports_in("model/llama.py", source) for told in complaints(found)]
    late = "def main():\n    from alisa_desktop import cli\nif TYPE_CHECKING:\n    from alisa_desktop import engine"
    assert not [told for found in imports_in("__main__.py", late) for told in complaints(found)]


def _module_file(module: str) -> str | None:
    path = _path_of(module)
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate.relative_to(ROOT).as_posix()
    return None


def test_no_import_runs_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {file: set() for file in FILES}
    for found in all_imports():
        if found.top == PACKAGE and (target := _module_file(found.module)) and target != found.file:
            arrows[found.file].add(target)
    while free := [file for file, targets in arrows.items() if not targets]:
        for file in free:
            del arrows[file]
        for targets in arrows.values():
            targets.difference_update(free)
    assert not arrows, f"in a circle, or leading into one: {sorted(arrows)}"


def in_a_new_python(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        cwd=ROOT.parent,
        timeout=60,
    ).stdout


def test_the_version_is_told_without_anything_heavy() -> None:
    told = in_a_new_python(
        "import sys; from alisa_desktop.__main__ import main; sys.argv = ['alisa-desktop', '--version']; main();"
        f"print(*sorted({set(LIGHT)!r} & set(sys.modules)), sep=',')"
    )
    name, heavy = told.splitlines()
    assert name.startswith("Alisa Desktop ")
    assert heavy == ""


CHILD_SIDE = ("model/runner.py",)
MIGRATIONS = "memory/migrations/"
"""Alembic runs these itself; they are no modules to import."""


def test_importing_everything_starts_nothing() -> None:
    modules = [
        ".".join([PACKAGE, *Path(file).with_suffix("").parts]).removesuffix(".__init__")
        for file in FILES
        if not file.startswith(MIGRATIONS) and file not in (*CHILD_SIDE, "__main__.py")
    ]
    told = in_a_new_python(
        "import importlib, logging, sys, threading, os\n"
        "os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(threading.active_count(), logging.getLogger().handlers, sys.modules.get('llama_cpp'))\n"
        "widgets = sys.modules.get('PySide6.QtWidgets')\n"
        "print(widgets and widgets.QApplication.instance())",
        *modules,
    )
    assert told.splitlines() == ["1 [] None", "None"]
