"""What stands among the settings but is none: it shows how things are, and has no part in applying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.autostart_box import AutostartBox
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.client_list import ClientList
from alisa_desktop.ui.endpoint_status import EndpointStatus
from alisa_desktop.ui.page import button, words
from alisa_desktop.ui.update_line import UpdateLine
from alisa_desktop.ui.whereabouts import going_away, host_of, is_here

BRAIN_HELP = "Download one, or use one that is on this computer already."


@dataclass(frozen=True)
class Extra:
    """A widget below a setting, to be seen while the settings in `when` have those values."""

    widget: QWidget
    when: Mapping[str, object] = field(default_factory=dict)

    def follow(self, values: Mapping[str, object]) -> None:
        """Be seen or not, given the values that are being edited."""
        self.widget.setVisible(all(values.get(name) == wanted for name, wanted in self.when.items()))


class BrainDoor(QWidget):
    """The way to the chooser. GUI thread only."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.button = button("Choose her &brain…", self.opened.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addWidget(words(BRAIN_HELP, muted=True), 1)


class Away(Extra):
    """Says that words leave this machine while the address that is being edited leads elsewhere."""

    def follow(self, values: Mapping[str, object]) -> None:
        """Be seen or not, and name the machine."""
        address = str(values.get("server_url", ""))
        far = values.get("model_source") == ModelSource.SERVER and bool(address) and not is_here(address)
        if isinstance(self.widget, QLabel):
            self.widget.setText(going_away(host_of(address)) if far else "")
        self.widget.setVisible(far)


def _away() -> Away:
    sentence = words("")
    sentence.setProperty("danger", True)
    return Away(sentence)


def make_door(setting: str) -> BrainDoor | None:
    """What stands above the setting of this name, if anything does."""
    return BrainDoor() if setting == "model_source" else None


def make_extra(setting: str, bridge: Bridge, settings: Settings) -> Extra | None:
    """What stands below the setting of this name, if anything does."""
    makers: dict[str, Callable[[], Extra]] = {
        "tell_updates": lambda: Extra(UpdateLine(bridge)),
        "reduced_motion": lambda: Extra(AutostartBox(bridge)),
        "server_url": _away,
        "endpoint_on": lambda: Extra(EndpointStatus(bridge, settings), {"endpoint_on": True}),
        "endpoint_origins": lambda: Extra(ClientList(bridge), {"endpoint_on": True}),
    }
    return makers[setting]() if setting in makers else None
