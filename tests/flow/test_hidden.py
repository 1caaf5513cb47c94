"""Started for the log-in, her model rests until somebody talks with her."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alisa_desktop.core.messages import ModelState


async def test_the_model_is_loaded_with_the_first_words(open_engine: Any) -> None:
    async with open_engine(hidden=True) as engine:
        assert engine.model_status.state is ModelState.RESTING
        engine.conversation.say("hi")
        await engine.conversation.between_turns()
        (turn,) = await engine.memory.recent(1)
        assert (turn.outcome, bool(turn.reply)) == ("done", True)
        assert engine.model_status.state is ModelState.READY


async def test_who_never_wants_it_to_rest_has_it_at_once(open_engine: Any, profile: Path) -> None:
    profile.mkdir()
    (profile / "settings.json").write_text(json.dumps({"idle_minutes": 0}))
    async with open_engine(hidden=True) as engine:
        assert engine.model_status.state is not ModelState.RESTING
