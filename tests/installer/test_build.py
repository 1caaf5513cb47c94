"""What goes into the setup program for Windows, and how it is signed."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from wine import NEW

from installer import build, pictures, sign, windows

CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Alisa's tests"]


def test_the_list_names_inner_things_first(tmp_path: Path) -> None:
    (tmp_path / "_internal" / "a" / "empty").mkdir(parents=True)
    (tmp_path / "_internal" / "a" / "猫.dll").touch()
    (tmp_path / "alisa-desktop.exe").touch()
    assert windows.listing(tmp_path) == [
        "_internal\\a\\empty\\", "_internal\\a\\猫.dll", "_internal\\a\\", "_internal\\", "alisa-desktop.exe",
        "install.log", "uninstall.exe",
    ]  # fmt: skip


def test_without_a_bundle_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="There is no bundle"):
        build.build(tmp_path)
    with pytest.raises(windows.BuildFailed, match="build the bundle first"):
        windows.listing(tmp_path)


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("0.1.0", "0.1.0.0"),
        ("1", "1.0.0.0"),
        ("0.2.0rc1", "0.2.0.0"),
        ("1.2.3.4.5", "1.2.3.4"),
        ("0.10.dev3", "0.10.0.0"),
    ],
)
def test_windows_compares_four_numbers(version: str, numbers: str) -> None:
    assert windows.release(version) == numbers


def test_no_version_is_none() -> None:
    with pytest.raises(windows.BuildFailed):
        windows.release("unknown")


def test_icons_hold_every_size(qapp: QGuiApplication) -> None:
    icon = pictures.icon()
    sizes = []
    for number in range(struct.unpack_from("<H", icon, 4)[0]):
        width, _, length, at = struct.unpack_from("<BB6xII", icon, 6 + 16 * number)
        assert icon[at : at + 8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack_from(">I", icon, at + 16) == (width or 256,)
        sizes.append(width or 256)
        assert at + length <= len(icon)
    assert tuple(sizes) == pictures.ICON_SIZES
    apple = pictures.apple_icon()
    assert struct.unpack_from(">4sI", apple) == (b"icns", len(apple))


def test_a_setup_program_is_signed_where_there_is_a_certificate(
    setups: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := [program for program in ("osslsigncode", "openssl") if not shutil.which(program)]:
        pytest.skip(f"not here: {', '.join(missing)}")
    key, certificate, both = tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "both.pfx"
    purpose = ["-addext", "extendedKeyUsage=codeSigning"]
    subprocess.run([*CERTIFICATE, *purpose, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    export = ["openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", both, "-passout", "pass:a b"]
    subprocess.run(export, check=True, capture_output=True)
    bundle = tmp_path / "bundle"
    shutil.copytree(setups(NEW).parent / NEW, bundle)
    monkeypatch.setenv("ALISA_CERTIFICATE", str(both))
    monkeypatch.setenv("ALISA_CERTIFICATE_PASSWORD", "a b")
    assert sign.has_certificate()
    target = tmp_path / f"Alisa-{NEW}-setup.exe"
    windows.build(bundle, NEW, target)
    for program in (target, bundle / "alisa-desktop.exe", bundle / "alisa-desktop-cli.exe"):
        told = subprocess.run(
            ["osslsigncode", "verify", "-CAfile", certificate, "-in", program],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Alisa's tests" in told.stdout
        assert "Signature verification: ok" in told.stdout
