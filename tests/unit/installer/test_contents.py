"""What is left out of the bundle, and each library once."""

from __future__ import annotations

import struct

import pytest

from installer import contents, icu


@pytest.mark.parametrize("name", ["libllama.so{}", "libllama{}.dylib"])
def test_each_library_is_kept_under_the_name_others_are_linked_to(name: str) -> None:
    folder = "/site/llama_cpp/lib"
    copies = [name.format(version) for version in ("", ".0", ".0.5.0")]
    entries = [(f"llama_cpp/lib/{name}", f"{folder}/{name}", "BINARY") for name in (*copies, "libggml-cpu-zen4.so")]
    kept = {
        name: (source, kind) for name, source, kind in contents.tidy([("other.so", "/other.so", "BINARY"), *entries])
    }
    assert kept == {
        "other.so": ("/other.so", "BINARY"),
        "llama_cpp/lib/libggml-cpu-zen4.so": (f"{folder}/libggml-cpu-zen4.so", "BINARY"),
        f"llama_cpp/lib/{copies[1]}": (f"{folder}/{copies[1]}", "BINARY"),
        f"llama_cpp/lib/{copies[0]}": (copies[1], "SYMLINK"),
    }


def test_on_windows_there_is_one_copy_anyway() -> None:
    entries = [(f"llama_cpp\\lib\\{name}", name, "BINARY") for name in ("llama.dll", "ggml.dll", "ggml-cpu-x64.dll")]
    assert contents.tidy(entries) == entries


def test_whoever_brings_fallbacks_for_graphics() -> None:
    assert not contents.is_used((r"PySide6\opengl32sw.dll", r"C:\site\PySide6\opengl32sw.dll", "BINARY"))
    assert contents.is_used(("PySide6/Qt6Gui.dll", "Qt6Gui.dll", "BINARY"))


@pytest.mark.parametrize(
    ("file", "used"),
    [
        ("/site/PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("/site/PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("/site/PySide6/Qt/plugins/platforms/libqvnc.so", False),
        ("/site/PySide6/plugins/platforms/qwindows.dll", True),
        ("/site/PySide6/plugins/tls/qopensslbackend.dll", False),
        ("/site/PySide6/opengl32sw.dll", False),
        ("/site/PySide6/Qt/translations/qtbase_de.qm", False),
        ("/site/PySide6/Qt/lib/libQt6Core.so.6", True),
    ],
)
def test_of_qt_only_what_is_used(file: str, used: bool) -> None:
    assert contents.is_qt_used(file) is used


ITEMS = [
    ("icudt73l/coll/de.res", b"the order of letters"),
    ("icudt73l/curr/de.res", b"names of currencies"),
    ("icudt73l/de.res", b"names"),
    ("icudt73l/res_index.res", b"which there are"),
    ("icudt73l/root.res", b"root"),
    ("icudt73l/ucase.icu", b"capitals"),
    ("icudt73l/unames.icu", b"names of letters"),
    ("icudt73l/windows-1252.cnv", b"an encoding"),
]
HEADER = struct.pack("<HBB", 32, 0xDA, 0x27) + bytes(8) + b"CmnD" + bytes(16)


def test_data_that_is_packed_can_be_read_again() -> None:
    package = icu.pack(HEADER, ITEMS)
    read = [(name, content.rstrip(b"\0")) for name, content in icu.items(package)]
    assert read == ITEMS
    assert [name for name, _ in read if icu.is_used(name)] == [
        "icudt73l/coll/de.res", "icudt73l/res_index.res", "icudt73l/root.res", "icudt73l/ucase.icu",
    ]  # fmt: skip


def test_other_data_is_refused() -> None:
    with pytest.raises(ValueError, match="no package"):
        list(icu.items(bytes(64)))
