"""What is in the bundle, and what is not: libraries, plug-ins, licences, and how much room they take."""

from __future__ import annotations

import ctypes
import re
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from installer import bundle, contents, licences, size

QT_LIBRARY = re.compile(r"(?:lib)?Qt6(\w+)\.(?:so|dll)[.\d]*")
PT_LOAD = 1  # elf(5)
UNWANTED = ("gtk", "gdk", "libav", "tcl", "tk8", "pytest", "mypy", "hypothesis", "setuptools", "pip-", "Qml", "Quick")
"""Beginnings of names, after `lib` or `Qt6`."""


def modules(exe: Path) -> set[str]:
    """The packages whose Python code is in the program."""
    from PyInstaller.archive.readers import CArchiveReader

    code = CArchiveReader(str(exe)).open_embedded_archive("PYZ.pyz")
    return {name.partition(".")[0] for name in code.toc}


def names(inside: Path) -> set[str]:
    return {path.name for path in inside.rglob("*")}


def test_it_keeps_to_its_size(exe: Path) -> None:
    found = size.installed(exe.parent)
    biggest = "\n".join(f"{of} {path}" for of, path in size.files(exe.parent)[: size.BIGGEST])
    assert found <= size.MOST_INSTALLED, f"{found} bytes; the biggest files:\n{biggest}"


def test_it_keeps_to_its_size_when_it_is_packed(exe: Path) -> None:
    table = (exe.parents[1] / bundle.SIZES.name).read_text(encoding="utf-8")
    pressed = re.search(r"compressed +([\d.]+) MB", table)
    assert pressed
    assert float(pressed[1]) * size.MEGABYTE <= size.MOST_COMPRESSED, table


def test_every_library_of_llama_is_there_once(inside: Path) -> None:
    import llama_cpp

    package = Path(llama_cpp.__file__).parent
    there = {path.name for path in (inside / "llama_cpp" / "lib").iterdir() if not path.is_symlink()}
    plugins = {path.name for path in (package.parent / "bin").glob("*ggml-*")}
    assert sum("ggml-cpu-" in name for name in plugins) > 1, "one library for each kind of processor"
    assert plugins <= there
    libraries = {path.name for path in (package / "lib").iterdir()} - plugins
    if sys.platform == "linux":
        assert there - plugins == {f"lib{name}.so.0" for name in ("ggml", "ggml-base", "llama", "mtmd")}
    else:
        assert {name for name in libraries if name.endswith(".dll")} <= there


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they have one name")
def test_the_libraries_of_llama_are_loaded_by_both_their_names(inside: Path) -> None:
    folder = inside / "llama_cpp" / "lib"
    for name in ("ggml", "llama", "mtmd"):
        assert (folder / f"lib{name}.so").resolve() == folder / f"lib{name}.so.0"


def test_nothing_that_nobody_uses_came_along(inside: Path) -> None:
    found = {name.removeprefix("lib").removeprefix("Qt6") for name in names(inside)}
    assert not [name for name in found if name.startswith(UNWANTED)]
    assert not list(inside.rglob("*.qm")), "translations"
    assert not [path for path in inside.rglob("tests") if path.is_dir()]


def test_of_qt_there_is_what_she_uses(inside: Path) -> None:
    libraries = {match[1] for name in names(inside) if (match := QT_LIBRARY.fullmatch(name))}
    assert libraries <= contents.QT_LIBRARIES
    plugins = {path.relative_to(inside).as_posix() for path in inside.rglob("plugins/*/*") if path.is_file()}
    assert plugins
    assert all(contents.is_qt_used(f"/{plugin}") for plugin in plugins)
    wanted = {"linux": ("xcb", "wayland", "offscreen"), "win32": ("windows", "offscreen"), "darwin": ("cocoa",)}
    for platform in wanted[sys.platform]:
        assert any(f"/platforms/libq{platform}" in plugin or f"/platforms/q{platform}" in plugin for plugin in plugins)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt sorts by the system's rules")
def test_of_icu_there_is_how_words_are_sorted(inside: Path) -> None:
    [file] = [path for path in (inside / "PySide6" / "Qt" / "lib").glob("libicudata.so.*") if not path.is_symlink()]
    library = ctypes.CDLL(str(file))
    assert hasattr(library, f"icudt{file.suffix[1:]}_dat")
    data = file.read_bytes()
    assert b"/coll/ucadata.icu" in data and b"/coll/de.res" in data
    assert b"/curr/" not in data
    assert file.stat().st_size < 8 * size.MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="the format of Linux's libraries")
def test_every_library_can_be_mapped(exe: Path) -> None:
    """What the loader refuses with "not page-aligned": libraries that were rewritten, and then stripped."""
    for path in exe.parent.rglob("*"):
        if path.is_symlink() or not path.is_file() or (data := path.read_bytes())[:5] != b"\x7fELF\x02":
            continue
        table, size_of_one, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
        for at in range(table, table + count * size_of_one, size_of_one):
            kind, _, offset, address, _, _, _, alignment = struct.unpack_from("<IIQQQQQQ", data, at)
            assert kind != PT_LOAD or (address - offset) % alignment == 0, path


def test_no_link_leads_out_of_the_bundle(exe: Path) -> None:
    folder = exe.parent.resolve()
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    assert all(path.exists() and path.resolve().is_relative_to(folder) for path in links)


def test_resources_and_models_are_there(inside: Path) -> None:
    for name in ("icons/alisa.svg", "models/alisa-starter.gguf", "overlay/index.html", "sprites/alisa/manifest.json"):
        assert (inside / "resources" / name).is_file()
    assert not (inside / "resources" / "examples").exists()
    assert len(list((inside / "rapidocr" / "models").glob("*.onnx"))) == 2
    migrations = inside / "alisa_desktop" / "memory" / "migrations"
    source = Path(bundle.ROOT / "alisa_desktop" / "memory" / "migrations" / "versions")
    assert {path.name for path in source.glob("v*.py")} == {path.name for path in migrations.glob("versions/v*.py")}


def shipped(exe: Path, inside: Path) -> Iterator[str]:
    """The installed packages of which something is in the bundle."""
    owners = packages_distributions()
    for name in modules(exe) | {path.name.partition(".")[0] for path in inside.iterdir()}:
        if name in owners and name != "alisa_desktop":
            yield from owners[name]


def test_every_package_in_it_comes_with_its_licence(exe: Path, inside: Path) -> None:
    folders = {path.name for path in (inside / licences.FOLDER).iterdir() if path.is_dir()}
    packages = {licences.canonical(name) for name in shipped(exe, inside)}
    assert {"fastapi", "llama-cpp-python", "numpy", "opencv-python-headless", "pyside6-essentials"} <= packages
    if sys.platform == "linux":
        packages.add("libstdc++6")  # the system's, which it carries
    assert packages | {"python", "starter-brain"} <= folders
    assert all(any(folder.iterdir()) for folder in (inside / licences.FOLDER).iterdir() if folder.is_dir())


def test_all_licences_can_be_read_in_one_text_beside_the_program(exe: Path) -> None:
    text = (exe.parent / licences.WHOLE).read_text(encoding="utf-8")
    for words in (
        "GNU LESSER GENERAL PUBLIC LICENSE", "The ggml authors", "PYTHON SOFTWARE FOUNDATION LICENSE",
        "Apache License", "PaddleOCR", "download.qt.io",
    ):  # fmt: skip
        assert words in text
