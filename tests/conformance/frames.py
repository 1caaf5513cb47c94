"""The frames of version 1, as text: what is a control frame, and what only looks like one."""

from __future__ import annotations

import json

END = "[END]"
EMOTION = "[EMOTION]"
MODE_CHANGED = "[MODE CHANGED]"
SPEECH = ("[SPEECH_START]", "[SPEECH_END]")
VISION = "[VISION]"
CONTROL = (END, EMOTION, MODE_CHANGED, *SPEECH, VISION)
EMOTIONS = ("neutral", "happy", "calm", "teasing", "shy", "serious", "sad", "surprised")


def is_text(frame: str) -> bool:
    """Whether a frame is reply text: it is not, and does not begin with, a control frame."""
    return bool(frame) and not frame.startswith(CONTROL)


def fault(frame: str) -> str:
    """What is wrong with a frame taken alone; empty for a good one."""
    if is_text(frame) or not frame or frame in (END, MODE_CHANGED, *SPEECH):
        return ""
    if frame.startswith(EMOTION):
        known = frame.removeprefix(EMOTION) in EMOTIONS
        return "" if known else f"{shown(frame)} is no face, and no text either"
    if frame.startswith(VISION):
        return _fault_of_vision(frame)
    return f"{shown(frame)} begins with a control frame, but is none"


def _fault_of_vision(frame: str) -> str:
    try:
        update = json.loads(frame.removeprefix(VISION))
    except ValueError:
        update = None
    good = isinstance(update, dict) and "\n" not in frame
    return "" if good else f"{shown(frame)} is not {VISION} and one line with a JSON object"


def shown(*frames: str) -> str:
    """Frames for a person to read, shortened where they are long or many."""
    short = [json.dumps(frame if len(frame) < 60 else frame[:57] + "...", ensure_ascii=False) for frame in frames]
    if len(short) > 8:
        short = [*short[:4], f"... {len(short) - 7} more ...", *short[-3:]]
    return ", ".join(short) or "nothing"
