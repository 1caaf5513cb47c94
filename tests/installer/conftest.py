"""What the tests of the setup program share: programs that stand in for Alisa, setups, a Windows for each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop import Desktop, desktop
from wine import USER, Windows, make, missing_programs

from installer import windows as setup_program

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def setups(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds the setup program of a version, once; every version has a file only it has."""
    if missing := missing_programs():
        pytest.skip(f"not here: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("setups")

    def setup(version: str) -> Path:
        target = folder / f"Alisa-{version}-setup.exe"
        if not target.exists():
            bundle = folder / version
            inner = bundle / "_internal" / "フォルダ one"
            inner.mkdir(parents=True)
            (inner / f"only in {version}.txt").write_text(version)
            (bundle / "_internal" / f"lib-{version}").mkdir()
            (bundle / "_internal" / f"lib-{version}" / "big.bin").write_bytes(os.urandom(2_000_000))
            program = bundle / "alisa-desktop.exe"
            subprocess.run(
                ["makensis", "-V2", "-WX", f"-DVERSION={version}", f"-DOUT={program}", str(HERE / "stand_in.nsi")],
                check=True, capture_output=True,
            )  # fmt: skip
            shutil.copyfile(program, bundle / "alisa-desktop-cli.exe")
            setup_program.build(bundle, version, target)
        return target

    return setup


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """A desktop on which windows of Windows open; gone with its module, for other tests count their processes."""
    with desktop(tmp_path_factory.mktemp("screen") / "home", tray=False) as place:
        yield place


@pytest.fixture
def windows(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, screen: Desktop) -> Iterator[Windows]:
    """A Windows where Alisa was never installed, but has memories of an earlier time."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    display = screen.environment["DISPLAY"]
    make(shared / "wine" / "prefix", display)
    shutil.copytree(shared / "wine" / "prefix", tmp_path / "prefix", symlinks=True)
    place = Windows(tmp_path / "prefix", display)
    assert place.home.is_dir(), f"{USER} has no home"
    (place.profile / "personas").mkdir(parents=True)
    (place.profile / "alisa_memory.db").write_text("what was said")
    (place.profile / "personas" / "猫.txt").write_text("a cat")
    yield place
    place.close()
    shutil.rmtree(place.prefix)
