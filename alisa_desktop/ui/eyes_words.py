"""Her eyes in words: for tips, menus and the list of what she saw. Without windows."""

from __future__ import annotations

from alisa_desktop.core.sight import Consent, Depth, EyesStatus, Gaze, Look
from alisa_desktop.ui.times import clock_time

CONSENTS = {Consent.OFF: "Never", Consent.ASK: "Only when I ask", Consent.AWARE: "Stay aware"}
MEANINGS = {
    Consent.OFF: "Her eyes stay shut.",
    Consent.ASK: "One look each time: press the eye in the bubble, or choose “Look now”.",
    Consent.AWARE: "She knows which window you are in, and reads it from time to time.",
}
"""What each choice means, in a line."""
DEPTHS = {Depth.WINDOW: "Window", Depth.TEXT: "Text", Depth.PICTURE: "Picture"}
MOST_TITLE = 200
"""Characters of a window's title that are worth showing in a line."""


def gaze_words(status: EyesStatus, shown: Gaze) -> str:
    """What she may see now; empty when her eyes are closed. `shown` is the gaze that is to be seen now."""
    match shown:
        case Gaze.LOOKING:
            return "looking now"
        case Gaze.PAUSED:
            return f"eyes {paused_words(status)}"
        case Gaze.OPEN:
            return "she stays aware" if status.consent is Consent.AWARE else "she may look when you ask"
    return ""


def paused_words(status: EyesStatus) -> str:
    """For how long her eyes are shut."""
    return f"paused until {clock_time(status.paused_until)}" if status.paused_until else "paused"


def look_times(look: Look) -> str:
    """From when until when it lasted, and how many looks it was."""
    begin, end = clock_time(look.at), clock_time(look.until)
    times = begin if begin == end else f"{begin} – {end}"
    return f"{times} · {look.count} looks" if look.count > 1 else times


def one_line(text: str) -> str:
    """Words from the screen as one line that is not too long."""
    line = " ".join(text[: 4 * MOST_TITLE].split())
    return line if len(line) <= MOST_TITLE else f"{line[: MOST_TITLE - 1]}…"
