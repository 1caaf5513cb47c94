"""The About window: true statements about what runs where, and all licences."""

import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication, QTextBrowser
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import ModelChanged
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.about import About
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.licences import THIRD_PARTY, whole_text
from alisa_desktop.ui.link_button import open_link
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.whereabouts import is_here, promise

ROOT = Path(__file__).parents[2]
FAR = Settings(model_source=ModelSource.SERVER, server_url="https://api.example.org/v1/chat/completions")


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.model = ModelStatus(ModelState.READY, "starter brain")
    bridge.show_endpoint("ws://127.0.0.1:8000/ws/chat")
    return bridge


@pytest.fixture
def about(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> About:
    about = About(bridge, ThemeWatcher(qapp), Settings())
    qtbot.addWidget(about)
    about.show()
    return about


def test_it_says_what_runs_where_and_follows(about: About, bridge: Bridge) -> None:
    assert about.model.text() == "starter brain, on this machine"
    assert "ws://127.0.0.1:8000/ws/chat" in about.endpoint.text()
    bridge.show_endpoint("")
    bridge.settings_changed.emit(FAR)
    assert about.endpoint.text() == "off"
    assert about.model.text() == "starter brain, by the server at api.example.org"
    assert "is sent there" in about.promise.text()


def test_a_model_that_rests_is_no_missing_one(about: About, bridge: Bridge) -> None:
    bridge.deliver(ModelChanged(ModelStatus(ModelState.RESTING, "Qwen3 4B")))
    assert about.model.text() == "Qwen3 4B, on this machine; resting, and she wakes up when you type"


def test_nothing_leaves_only_when_that_is_true() -> None:
    assert promise(Settings()).startswith("Nothing of what you say leaves this machine")
    here = Settings(model_source=ModelSource.SERVER)
    assert "only to the server at 127.0.0.1" in promise(here)
    assert "api.example.org" in promise(FAR)
    assert not promise(FAR).startswith("Nothing")
    assert promise(FAR.model_copy(update={"model_source": ModelSource.BUILTIN})) == promise(Settings())


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:80", True),
        ("http://127.9.9.9", True),
        ("https://localhost.evil.example", False),
        ("http://192.168.0.2", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://[broken", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_this_machine(address: str, here: bool) -> None:
    assert is_here(address) is here


def test_every_library_that_is_shipped_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shipped = {Requirement(line).name.lower() for line in project["dependencies"]}
    assert shipped <= {part.package.lower() for part in THIRD_PARTY}


@pytest.mark.parametrize("part", [part for part in THIRD_PARTY if part.package], ids=lambda part: part.package)
def test_the_licences_are_those_the_libraries_state(part: object) -> None:
    assert hasattr(part, "package") and hasattr(part, "licence")
    try:
        about = metadata(part.package)
    except PackageNotFoundError:
        pytest.skip("not for this system")
    stated = " ".join([about.get("License-Expression") or "", about.get("License") or ""])
    stated += " ".join(about.get_all("Classifier") or [])
    assert part.licence.split("-")[0] in stated


def test_links_open_only_web_pages(about: About, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: opened.append(url.toString()) or True)
    browser = about.findChild(QTextBrowser)
    assert browser is not None
    browser.anchorClicked.emit(QUrl(THIRD_PARTY[0].address))
    assert opened == [THIRD_PARTY[0].address]
    assert not open_link(QUrl("file:///etc/passwd"))
    assert len(opened) == 1


def test_all_licences_are_shown_and_escape_closes(about: About, qtbot: QtBot) -> None:
    browser = about.findChild(QTextBrowser)
    assert browser is not None
    assert all(part.name in browser.toPlainText() for part in THIRD_PARTY)
    qtbot.keyClick(about, Qt.Key.Key_Escape)
    assert not about.isVisible()


def test_licences_are_read_in_full_where_they_came_along(
    qtbot: QtBot, qapp: QApplication, about: About, tmp_path: Path
) -> None:
    assert not about.in_full.isVisible()
    file = whole_text(tmp_path / "resources")
    file.parent.mkdir()
    file.write_text("The MIT Licence\n© 2026 Jérôme", encoding="utf-8")
    whole = About(Bridge(), ThemeWatcher(qapp), Settings(), licences=file)
    qtbot.addWidget(whole)
    whole.show()
    qtbot.mouseClick(whole.in_full, Qt.MouseButton.LeftButton)
    browser = whole.findChild(QTextBrowser)
    assert browser is not None
    assert browser.toPlainText() == "The MIT Licence\n© 2026 Jérôme"
    assert not whole.in_full.isVisible()
