"""The set-up, as far as it can be tried without the network."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import alisa_desktop

ROOT = Path(alisa_desktop.__file__).parents[1]


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """The script, at home in a folder of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.VENV = tmp_path / "Jérôme 田中" / ".venv"
    module.LLAMA_BUILD = module.VENV / module.LLAMA_BUILD.name
    module.PYTHON = module.VENV / module.PYTHON.relative_to(ROOT / ".venv")
    return module


def test_half_an_environment_is_made_anew(bootstrap: ModuleType) -> None:
    assert not bootstrap.is_whole()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bootstrap.VENV)], check=True)
    assert bootstrap.PYTHON.exists()
    assert not bootstrap.is_whole(), "what an interruption leaves behind"
    packages = next(bootstrap.VENV.rglob("site-packages"))
    (packages / "pip.py").touch()
    assert bootstrap.is_whole()


@pytest.mark.skipif(sys.platform == "win32", reason="a locale of POSIX")
def test_a_checkout_is_found_below_any_name(bootstrap: ModuleType) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bootstrap.VENV)], check=True)
    bootstrap.ROOT = bootstrap.VENV.parent
    (bootstrap.ROOT / "found.py").touch()
    pth = next(bootstrap.VENV.rglob("site-packages")) / "_alisa_desktop.pth"
    pth.write_text(str(bootstrap.ROOT), encoding="utf-8")  # as the build backend writes it
    find = [str(bootstrap.PYTHON), "-c", "import found"]
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}  # what is no ASCII is not understood
    assert subprocess.run(find, env=locale, capture_output=True, check=False).returncode
    bootstrap.make_path_relative()
    subprocess.run(find, env=locale, check=True)


def test_a_checkout_that_moved_is_set_up_again(bootstrap: ModuleType, tmp_path: Path) -> None:
    before = bootstrap.fingerprint()
    assert bootstrap.fingerprint() == before
    bootstrap.ROOT = tmp_path
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert bootstrap.fingerprint() != before


def test_a_library_that_was_built_otherwise_is_installed_anew(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real set-up, but for what asks pip and the index."""
    bootstrap.STAMP = bootstrap.VENV / "stamp"
    bootstrap.VENV.mkdir(parents=True)
    asked: list[str] = []
    monkeypatch.setattr(bootstrap.subprocess, "check_call", lambda command, **_: asked.append(command[-1]))
    monkeypatch.setattr(bootstrap, "is_whole", lambda: True)
    monkeypatch.setattr(bootstrap, "is_installed", lambda *_: True)
    folder = bootstrap.wheel_folder(bootstrap.split_lock()[0])
    folder.mkdir(parents=True)
    (folder / "llama.whl").touch()
    bootstrap.set_up_environment()
    assert asked[0] == str(folder / "llama.whl")
    asked.clear()
    bootstrap.STAMP.unlink()
    bootstrap.set_up_environment()
    assert asked
    assert str(folder / "llama.whl") not in asked, "it is there already"
    monkeypatch.setattr(bootstrap, "BUILD_FLAGS", "-DGGML_NATIVE=ON")
    other = bootstrap.wheel_folder(bootstrap.split_lock()[0])
    assert other != folder
    other.mkdir(parents=True)
    (other / "other.whl").touch()
    bootstrap.set_up_environment()
    assert str(other / "other.whl") in asked


def test_the_lock_file_has_two_parts(bootstrap: ModuleType) -> None:
    llama, others = bootstrap.split_lock()
    assert llama.startswith("llama-cpp-python==")
    assert "llama-cpp-python==" not in others
    assert all("--hash=" in part for part in (llama, others))


def test_an_older_python_is_told(tmp_path: Path) -> None:
    code = f"import sys; sys.version_info = (3, 10, 4); sys.argv = ['x', 'setup']; sys.path.insert(0, {str(ROOT)!r}); "
    code += "import bootstrap; bootstrap.main(['setup'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
