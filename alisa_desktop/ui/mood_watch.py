"""A mood that follows the talk by itself, for everything that shows how she feels."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from alisa_desktop.core.events import EmotionChanged, Remarked, ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.core.messages import Emotion, ModelStatus
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.mood import Mood
from alisa_desktop.ui.wakeup import Clock


class MoodWatch(QObject):
    """Feeds the bridge's news to a `Mood`. Its time passes only by `mood.advance`. GUI thread only."""

    changed = Signal()

    def __init__(self, bridge: Bridge, clock: Clock, parent: QObject) -> None:
        super().__init__(parent)
        self.mood = Mood()
        self._clock = clock
        self.mood.model_is(bridge.model.state)
        bridge.user_spoke.connect(self._on_user_spoke)
        bridge.emotion_changed.connect(self._on_emotion)
        bridge.reply_text.connect(self._on_text)
        bridge.reply_finished.connect(self._on_finished)
        bridge.remarked.connect(self._on_remark)
        bridge.model_changed.connect(self._on_model)

    def rest_at(self, resting: Emotion) -> None:
        """The face of the mode, to which she returns."""
        self.mood.rest_at(resting)
        self.changed.emit()

    def listen(self, on: bool) -> None:
        """The user is writing to her, or stopped."""
        self.mood.listen(on)
        self.changed.emit()

    def _on_user_spoke(self, _: UserSpoke) -> None:
        self.mood.spoke(self._clock.now())
        self.changed.emit()

    def _on_emotion(self, event: EmotionChanged) -> None:
        self.mood.feel(event.emotion)
        self.changed.emit()

    def _on_text(self, _: ReplyText) -> None:
        if self.mood.state == "thinking":
            self.mood.answered()
            self.changed.emit()

    def _on_finished(self, event: ReplyFinished) -> None:
        self.mood.finished(event.emotion, self._clock.now())
        self.changed.emit()

    def _on_remark(self, event: Remarked) -> None:
        self.mood.remarked(event.emotion, self._clock.now())
        self.changed.emit()

    def _on_model(self, status: ModelStatus) -> None:
        self.mood.model_is(status.state)
        self.changed.emit()
