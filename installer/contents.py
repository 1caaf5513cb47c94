"""What of the packages is not put into the bundle, and what of Qt and llama.cpp is."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

Entry = tuple[str, str, str]
"""A file of the bundle as PyInstaller lists it: its name there, where it comes from, and its kind."""

UNUSED_MODULES = (
    "IPython", "PIL._avif", "PIL._imagingcms", "PIL._imagingft", "PIL._imagingmath", "PIL._imagingtk", "PIL._webp",
    "_pytest", "alembic.testing", "alisa_desktop.memory.migrations.versions", "cv2.gapi", "dotenv", "email_validator",
    "gguf", "hypothesis", "llama_cpp.server", "matplotlib", "mypy", "numpy.distutils", "numpy.f2py", "numpy.fft",
    "numpy.random", "numpy.testing", "pip", "pkg_resources", "pydantic.mypy", "pydantic.v1.mypy",
    "pydantic.v1._hypothesis_plugin", "pydantic._hypothesis_plugin", "pygments", "pytest", "rich", "setuptools",
    "sqlalchemy.ext.mypy", "sqlalchemy.testing", "tkinter", "typer", "uvloop", "watchfiles",
)  # fmt: skip
"""Modules that some package would import if it could; all of them do without."""
UNUSED_START_HOOKS = {
    "pyi_rth_multiprocessing",
    "pyi_rth_pkgres",
    "pyi_rth_setuptools",
    *({"pyi_rth_pyside6"} if sys.platform == "linux" else ()),
}
"""Code of PyInstaller's that would run at every start. Our children are started by arguments of our own
(`host/child.py`), none by `multiprocessing`, whose hook imports it all. Qt finds its plug-ins by itself; the variable
that PySide's hook sets would be inherited by the browser she opens, which may be a program of another Qt."""

QT_PLUGINS = (
    "iconengines/*svg*",
    "imageformats/*jpeg*",
    "imageformats/*svg*",
    "platforminputcontexts/*",
    "platforms/*cocoa*",
    "platforms/*offscreen*",
    "platforms/*qwayland*",
    "platforms/*qwindows*",
    "platforms/*qxcb*",
    "platformthemes/*xdgdesktopportal*",
    "wayland-decoration-client/*",
    "wayland-graphics-integration-client/*",
    "wayland-shell-integration/*",
    "xcbglintegrations/*",
)
"""Qt's plug-ins that are used, by their folder and name: pictures are SVG and PNG (which needs no plug-in), the network
is httpx's and uvicorn's, the style is Fusion. The theme of GTK would bring all of GTK along."""
GRAPHICS = ("*d3dcompiler*", "*opengl32sw*")
"""Fallbacks for OpenGL, which no widget of ours uses. PySide's hook, too, brings them along on Windows."""
QT_EXTRAS = (*GRAPHICS, "*/translations/*")
"""With words in languages that she does not speak."""
QT_LIBRARIES = {
    *("Core", "DBus", "Gui", "Network", "OpenGL", "Svg", "Widgets"),
    *("WaylandClient", "WlShellIntegration", "XcbQpa"),  # on Linux
}
"""The libraries of Qt in the bundle, all others being a mistake."""

UNUSED_FILES = (
    "*.pyi",
    "*/alembic/templates/*",
    "*/py.typed",
    *GRAPHICS,
    "alembic/templates/*",
    "onnxruntime/capi/*providers_shared*",
)
LLAMA = PurePosixPath("llama_cpp/lib")
VERSIONED = (
    re.compile(r"(?P<name>lib.+?)(?P<kind>\.so)(?P<version>(\.\d+)*)"),
    re.compile(r"(?P<name>lib.+?)(?P<version>(\.\d+)*)(?P<kind>\.dylib)"),  # on macOS
)


def qt_parts(hook: str) -> tuple[list[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """Give what the hook of a Qt module collects, without what nobody uses."""
    from PyInstaller.utils.hooks.qt import add_qt6_dependencies

    modules, binaries, data = add_qt6_dependencies(hook)
    return modules, [one for one in binaries if is_qt_used(one[0])], [one for one in data if is_qt_used(one[0])]


def is_qt_used(source: str) -> bool:
    """Whether a file of Qt's is one that Alisa uses."""
    path = Path(source).as_posix()
    if any(fnmatch(path, pattern) for pattern in QT_EXTRAS):
        return False
    return "/plugins/" not in path or any(fnmatch(path, f"*/plugins/{pattern}") for pattern in QT_PLUGINS)


def is_used(entry: Entry) -> bool:
    """Whether a file that PyInstaller found belongs into the bundle."""
    name = entry[0].replace("\\", "/")
    return not any(fnmatch(name, pattern) for pattern in UNUSED_FILES)


def tidy(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what is not used, and keep each library of llama.cpp once."""
    kept = [entry for entry in entries if is_used(entry)]
    llama = [entry for entry in kept if PurePosixPath(entry[0].replace("\\", "/")).parent == LLAMA]
    return [entry for entry in kept if entry not in llama] + once(llama)


def once(libraries: Iterable[Entry]) -> list[Entry]:
    """Keep the one of a library's three copies that others are linked to, and make the name to load it by a link.

    A wheel can't hold links, so there `libllama.so`, `libllama.so.0` and `libllama.so.0.5.0` are three files; two
    copies in one process would each have a registry of its own.
    """
    found: dict[str, dict[str, Entry]] = {}
    others: list[Entry] = []
    for entry in libraries:
        name = PurePosixPath(entry[0]).name
        match = next(filter(None, (pattern.fullmatch(name) for pattern in VERSIONED)), None)
        if match and "." not in match["name"]:
            found.setdefault(match["name"] + match["kind"], {})[match["version"]] = entry
        else:
            others.append(entry)
    for name, copies in found.items():
        real = min((copy for copy in copies if copy), key=len, default="")
        others.append(copies[real])
        if real:
            others.append((str(LLAMA / name), PurePosixPath(copies[real][0]).name, "SYMLINK"))
    return others
