"""Whether a message is about what is on the screen, so that it is worth a closer look. Pure."""

from __future__ import annotations

import re

LONGEST = 400
"""Characters of a message that are looked at; who writes more has said what it is about."""

_THING = (
    r"(?:error|traceback|exception|warning|message|pop-?up|dialog|window|page|tab|site|website|article|text|paragraph"
    r"|code|file|function|line|bug|stack ?trace|log|output|document|email|mail|sheet|slide|video|film|movie|show|game"
    r"|level|picture|image|photo|chart|diagram|table|form|button|command|word|sentence|question|exercise)s?"
)
_ABOUT = re.compile(
    rf"\bmy (?:screen|desktop|monitor|display)\b|\bon (?:the )?screen\b"
    rf"|\bwhat(?:'s| is| am| was)? (?:i|am i|i am|i'm) (?:doing|looking at|watching|reading|working on|writing|playing"
    rf"|typing|seeing|up to|coding)\b"
    rf"|\b(?:this|that|these|those|the) (?:\w+ )?{_THING}\b"
    rf"|\b(?:can|do|did) you see\b|\b(?:look|looking) at (?:this|that|it|these|my|what)\b|\bsee (?:this|that|what i)\b"
    rf"|\bwhat (?:does|do|is|'s|are) (?:this|that|it|these)\b|\bwhat's (?:this|that|wrong here)\b"
    rf"|\b(?:fix|explain|translate|summari[sz]e|read|answer|solve|check|correct|improve) (?:this|that|it|these)\b"
    rf"|\bwhat(?:'s| is) (?:wrong|going on)(?: here)?\b|\bright here\b|\bin front of me\b",
    re.IGNORECASE,
)


def is_about_screen(text: str) -> bool:
    """Whether `text` speaks of what the user has in front: "what does this error mean?", "what am I doing?"."""
    return bool(_ABOUT.search(" ".join(text[:LONGEST].replace("’", "'").split())))
