"""What stands among the settings but is none: it shows how things are, and has no part in applying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PySide6.QtWidgets import QWidget

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.client_list import ClientList
from alisa_desktop.ui.endpoint_status import EndpointStatus


@dataclass(frozen=True)
class Extra:
    """A widget below a setting, to be seen while the settings in `when` have those values."""

    widget: QWidget
    when: Mapping[str, object] = field(default_factory=dict)

    def follow(self, values: Mapping[str, object]) -> None:
        """Be seen or not, given the values that are being edited."""
        self.widget.setVisible(all(values.get(name) == wanted for name, wanted in self.when.items()))


def make_extra(setting: str, bridge: Bridge, settings: Settings) -> Extra | None:
    """What stands below the setting of this name, if anything does."""
    makers: dict[str, Callable[[], Extra]] = {
        "endpoint_on": lambda: Extra(EndpointStatus(bridge, settings), {"endpoint_on": True}),
        "endpoint_origins": lambda: Extra(ClientList(bridge), {"endpoint_on": True}),
    }
    return makers[setting]() if setting in makers else None
