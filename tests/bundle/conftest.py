"""The bundle in `dist/`, or the one that ALISA_EXE names."""

from __future__ import annotations

from pathlib import Path

import pytest
from exe import EXE

from installer import bundle


@pytest.fixture(scope="session")
def exe() -> Path:
    """The program in the bundle; one that is built of other sources than these proves nothing."""
    if EXE:
        return Path(EXE).absolute()
    if not bundle.PROGRAM.exists():
        pytest.skip("there is no bundle in dist/; `make bundle` builds it")
    if not bundle.STAMP.exists() or bundle.STAMP.read_text() != bundle.fingerprint():
        pytest.skip("the bundle in dist/ is of other sources than these; `make bundle` builds it anew")
    return bundle.PROGRAM


@pytest.fixture(scope="session")
def inside(exe: Path) -> Path:
    """The folder with everything but the program."""
    return exe.parent / "_internal"
