"""The editors of the endpoint's own kinds of setting: the token, and the pages that may connect."""

from __future__ import annotations

import secrets

from PySide6.QtWidgets import QLineEdit, QPushButton

from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.editor import Text
from alisa_desktop.ui.origins import allows_obs, origins_mistake, split_origins, with_obs
from alisa_desktop.ui.setting_specs import Spec

TOKEN_BYTES = 24


class Token(Text):
    """A secret that clients must know: dots until it is shown, made by a press, copied by another; blank is none."""

    def __init__(self, spec: Spec) -> None:
        self.eye = QPushButton("Show", autoDefault=False)
        """Shows what is behind the dots."""
        self.eye.setCheckable(True)
        self.eye.setAccessibleName("Show the token")
        self.maker = QPushButton("Make one", autoDefault=False)
        """Makes a new one."""
        self.maker.setAccessibleName("Make a token")
        self.copier = CopyButton("Copy", "Copy the token", lambda: str(self.value()))
        """Copies it."""
        super().__init__(spec, self.eye, self.maker, self.copier)
        self._line.setPlaceholderText("None")
        self._show(False)
        self.eye.setFixedWidth(self.eye.sizeHint().width())
        self.eye.toggled.connect(self._show)
        self.maker.clicked.connect(lambda: self._line.setText(secrets.token_urlsafe(TOKEN_BYTES)))
        self.changed.connect(self._offer)
        self._offer()

    def set_value(self, value: object) -> None:
        """Show `value` behind dots."""
        self.eye.setChecked(False)
        super().set_value(value)

    def _show(self, plain: bool) -> None:
        self._line.setEchoMode(QLineEdit.EchoMode.Normal if plain else QLineEdit.EchoMode.Password)
        self.eye.setText("Hide" if plain else "Show")

    def _offer(self) -> None:
        for button in (self.eye, self.copier):
            button.setEnabled(bool(self.value()))


class Origins(Text):
    """Web pages that may connect, with commas between them, and a press that adds what OBS needs."""

    def __init__(self, spec: Spec) -> None:
        self.obs = QPushButton("Allow OBS", autoDefault=False)
        """Lets in pages that OBS shows from local files."""
        self.obs.setToolTip("Lets in overlay pages that OBS shows from files on this machine.")
        super().__init__(spec, self.obs)
        self.obs.setAccessibleName("Allow OBS")
        self._line.setPlaceholderText("Only Alisa's own")
        self._line.editingFinished.connect(self._tidy)
        self.obs.clicked.connect(lambda: self._line.setText(with_obs(self._line.text())))
        self.changed.connect(self._offer)

    def mistake(self) -> str:
        """Refuses what no page can be."""
        return origins_mistake(split_origins(str(self.value())))

    def _offer(self) -> None:
        self.obs.setEnabled(not allows_obs(self._line.text()))

    def _tidy(self) -> None:
        if self._line.isModified():
            self._line.setText(", ".join(split_origins(self._line.text())))
