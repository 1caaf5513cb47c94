"""The lists of models and servers that are on this computer, each a page of the chooser."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Brain, FoundServer
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui import amounts
from alisa_desktop.ui.asking import ask
from alisa_desktop.ui.brain_row import BrainRow, Entry
from alisa_desktop.ui.brain_words import STARTER, brain_facts, plain, plain_sentence
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.page import Page, button, words
from alisa_desktop.ui.steady_column import SteadyColumn

Rows = SteadyColumn[Entry, BrainRow]
STARTER_FACTS = "Small and quick, came with Alisa; good for small talk only"
FOUND_PROMISE = (
    "Models that LM Studio, Ollama, Jan and other programs keep on this computer. "
    "She reads them where they are: nothing is copied, changed or removed."
)
SERVERS_PROMISE = "Servers of models that run on this computer now. What they do with what she is told is up to them."
NONE_FOUND = "Nothing was found."
LOOKING = "Looking…"


class RowsPage(Page):
    """A page with one card of rows, or a sentence where there are none. GUI thread only."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rows = Rows(lambda entry: entry.key, self._make, BrainRow.show_entry)
        """From the top."""
        self.card = QFrame()
        self.card.setProperty("card", True)
        self.card.setAccessibleName(name)
        inside = QVBoxLayout(self.card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.rows)
        self.empty = words("", muted=True)

    def show_entries(self, entries: Sequence[Entry], empty: str = "") -> None:
        """Show these, or the sentence `empty` where there are none."""
        self.rows.show_things(entries)
        self.card.setVisible(bool(entries))
        self.empty.setText(empty)
        self.empty.setVisible(not entries and bool(empty))

    def _make(self, entry: Entry) -> BrainRow:
        row = BrainRow(entry)
        row.use_requested.connect(self.use)
        row.remove_requested.connect(self.remove)
        return row

    def use(self, key: tuple[str, ...]) -> None:
        """The user wants her to think with this one."""

    def remove(self, key: tuple[str, ...]) -> None:
        """The user wants it gone."""


class HerePage(RowsPage):
    """Her starter brain, what was fetched, and the user's own files. GUI thread only."""

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__("Models on this computer")
        self._bridge, self._settings = bridge, settings
        self.column.addWidget(self.card)
        self.column.addWidget(self.empty)
        self.column.addStretch(1)
        bridge.brains_loaded.connect(self._refresh)
        bridge.brain_changed.connect(self._refresh)
        bridge.settings_changed.connect(self._take_settings)
        self._refresh()

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._refresh()

    def _refresh(self) -> None:
        source, present = self._settings.model_source, self._bridge.brain
        starts = source is ModelSource.BUILTIN and not present
        own = [brain for brain in self._bridge.brains if brain.id]
        shown = present if source is not ModelSource.SERVER else ""
        starter = Entry(("",), STARTER, STARTER_FACTS, present=starts)
        self.show_entries([starter, *(here_entry(brain, brain.id == shown) for brain in own)])

    def use(self, key: tuple[str, ...]) -> None:
        """Think with that model."""
        self._bridge.use_brain_requested.emit(key[0])

    def remove(self, key: tuple[str, ...]) -> None:
        """Ask whether it may go; a file of others is only forgotten."""
        if brain := next((brain for brain in self._bridge.brains if brain.id == key[0]), None):
            ask_remove(self, brain, self._bridge)


class FoundPage(RowsPage):
    """What other programs keep, after a scan. GUI thread only."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__("Models of other programs")
        self._bridge = bridge
        self._scanned = bool(bridge.found)
        self.scan = button("&Scan for models", self._scan)
        for part in (words(FOUND_PROMISE, muted=True), left(self.scan), self.empty, self.card):
            self.column.addWidget(part)
        self.column.addStretch(1)
        bridge.found_loaded.connect(self._take)
        bridge.brain_changed.connect(self._refresh)
        self._refresh()

    def _scan(self) -> None:
        self.show_entries(self._entries(), LOOKING)
        self.scan.setText("Looking…")
        self._bridge.scan_requested.emit()

    def _take(self) -> None:
        self._scanned = True
        self._refresh()

    def _refresh(self) -> None:
        self.scan.setText("&Scan again" if self._scanned else "&Scan for models")
        self.show_entries(self._entries(), NONE_FOUND if self._scanned else "")

    def _entries(self) -> list[Entry]:
        return [found_entry(brain, brain.id == self._bridge.brain) for brain in self._bridge.found]

    def use(self, key: tuple[str, ...]) -> None:
        """Think with that model, where it is."""
        self._bridge.use_brain_requested.emit(key[0])


class ServersPage(RowsPage):
    """Servers on this computer; they are looked for when the page is opened. GUI thread only."""

    settings_requested = Signal()

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__("Servers on this computer")
        self._bridge, self._settings = bridge, settings
        self._looked = False
        self.look = button("&Look again", self._look)
        self.elsewhere = button("A server &elsewhere…", self.settings_requested.emit)
        for part in (words(SERVERS_PROMISE, muted=True), left(self.look, self.elsewhere), self.empty, self.card):
            self.column.addWidget(part)
        self.column.addStretch(1)
        bridge.servers_found.connect(self._take)
        bridge.settings_changed.connect(self._take_settings)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Look for them once; then the user says when."""
        super().showEvent(event)
        if not self._looked:
            self._look()

    def _look(self) -> None:
        self._looked = True
        self.empty.setText(LOOKING)
        self.empty.setVisible(not self._bridge.servers)
        self._bridge.servers_requested.emit()

    def _take(self) -> None:
        self._looked = True
        self._refresh()

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._refresh()

    def _refresh(self) -> None:
        entries = [entry for server in self._bridge.servers for entry in server_entries(server, self._settings)]
        self.show_entries(entries, NONE_FOUND if self._looked else "")

    def use(self, key: tuple[str, ...]) -> None:
        """Think by that server."""
        self._bridge.use_server_requested.emit(*key)


def ask_remove(parent: QWidget, brain: Brain, bridge: Bridge) -> None:
    """Ask whether a model may go."""
    name, going = plain(brain.title), bridge.remove_brain_requested
    back = " She goes back to her starter brain." if brain.id == bridge.brain else ""
    if brain.linked:
        question = f"Forget {name}?"
        more = f"The file stays where it is; it is {plain(brain.source)}.{back}"
        ask(parent, question, more, "Forget it", "Cancel", lambda: going.emit(brain.id))
        return
    more = f"Its files are deleted, which frees {amounts.size(brain.bytes)}.{back}"
    ask(parent, f"Remove {name}?", more, "Remove it", "Cancel", lambda: going.emit(brain.id))


def here_entry(brain: Brain, present: bool) -> Entry:
    """A model of ours, or a file of the user's."""
    detail = " · ".join(filter(None, (plain(brain.source) if brain.linked else "", brain_facts(brain))))
    return Entry(
        key=(brain.id,),
        title=plain(brain.title),
        detail=detail,
        trouble=plain_sentence(brain.trouble),
        present=present,
        usable=not brain.trouble,
        remove="Forget…" if brain.linked else "Remove…",
    )


def found_entry(brain: Brain, present: bool) -> Entry:
    """A model of another program."""
    detail = " · ".join(filter(None, (plain(brain.source), brain_facts(brain))))
    trouble = plain_sentence(brain.trouble)
    return Entry((brain.id,), plain(brain.title), detail, trouble, present, usable=not trouble)


def server_entries(server: FoundServer, settings: Settings) -> list[Entry]:
    """The models of a server, or that it has none."""
    name = plain(server.program)
    if not server.models:
        return [Entry((server.url, ""), name, server.url, "It offers no model at the moment.", usable=False)]
    chosen = settings.model_source is ModelSource.SERVER
    present = (settings.server_url, settings.server_model) if chosen else ("", "")
    return [
        Entry(
            (server.url, model), plain(model), f"{name} · {plain(server.url)}", present=present == (server.url, model)
        )
        for model in server.models
    ]


def left(*parts: QPushButton) -> QWidget:
    """Buttons beside each other, no wider than their words."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        line.addWidget(part)
    line.addStretch(1)
    return row
