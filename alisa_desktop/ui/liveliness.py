"""Everything that makes her live, in one place: the talk and the time go in, the pose of this moment comes out."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from PySide6.QtCore import QObject, QPoint, Signal

from alisa_desktop.core.events import Remarked, ReplyText
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.figure import BREATH_STEPS
from alisa_desktop.ui.glance import Glance
from alisa_desktop.ui.mood_watch import MoodWatch
from alisa_desktop.ui.motion import Blink, Breath, Mouth
from alisa_desktop.ui.sprites import Pose
from alisa_desktop.ui.wakeup import Clock


class Liveliness(QObject):
    """Mood and motion of the figure. GUI thread only."""

    changed = Signal()
    """Something happened that may show at once."""

    def __init__(self, bridge: Bridge, clock: Clock, glance: Glance, random: Random, parent: QObject) -> None:
        super().__init__(parent)
        self.still = False
        """True: nothing moves by itself, faces change at once."""
        self.moods = MoodWatch(bridge, clock, self)
        self.moods.changed.connect(self.changed)
        self._clock = clock
        self._breath = Breath(BREATH_STEPS)
        self._blink = Blink(random)
        self._mouth = Mouth(random)
        self._glance = glance
        bridge.user_spoke.connect(self._shut_mouth)
        bridge.reply_text.connect(self._on_text)
        bridge.reply_finished.connect(self._shut_mouth)
        bridge.remarked.connect(self._on_remark)
        bridge.speech_started.connect(lambda: self._speak(True))
        bridge.speech_ended.connect(lambda: self._speak(False))

    def awake(self) -> None:
        """She is seen again: what should have moved meanwhile is skipped."""
        self._mouth.close()
        self._blink.restart(self._clock.now())

    def pose(self, face: QPoint) -> Pose:
        """How she looks now; `face` is the place of her eyes on the desktop."""
        now, mood = self._clock.now(), self.moods.mood
        mood.advance(now)
        pose = Pose(mood.emotion, mood.state, pendant=mood.pendant(now, still=self.still))
        if self.still:
            return pose
        self._blink.advance(now)
        self._mouth.advance(now)
        self._glance.advance(face, now)
        step, lids, mouth = self._breath.step(now), self._blink.lids, self._mouth.shape
        return replace(pose, breath=step, lids=lids, mouth=mouth, look=self._glance.look)

    def next_change(self) -> float | None:
        """When she moves next by herself (s on the clock); nothing when she is still and waits for no one."""
        now = self._clock.now()
        moments = [self.moods.mood.next_change(now, still=self.still)]
        if not self.still:
            moments += [self._breath.next_change(now), self._blink.next_change()]
            moments += [self._mouth.next_change(), self._glance.next_change(now)]
        return min((moment for moment in moments if moment is not None), default=None)

    def _on_text(self, event: ReplyText) -> None:
        self._mouth.feed(event.text, self._clock.now())
        self.changed.emit()

    def _on_remark(self, event: Remarked) -> None:
        if not self._mouth.speaking:  # a client that reads it out knows better when she speaks
            self._mouth.say(event.text, self._clock.now())
        self.changed.emit()

    def _shut_mouth(self, _: object) -> None:
        self._mouth.close()
        self.changed.emit()

    def _speak(self, on: bool) -> None:
        self._mouth.speak(on, self._clock.now())
        self.changed.emit()
