from __future__ import annotations

import pytest

from alisa_desktop.host.paths import resources
from alisa_desktop.persona.crisis import CrisisRule, parse_crisis_rule
from alisa_desktop.persona.modes import Mode, parse_mode

BUILTIN = ("default", "study", "chill", "creative")


@pytest.fixture(scope="session")
def rule() -> CrisisRule:
    safety = resources() / "safety"
    return parse_crisis_rule(
        (safety / "crisis_patterns.txt").read_text(encoding="utf-8"),
        (safety / "crisis_answer.txt").read_text(encoding="utf-8"),
    )


@pytest.fixture(scope="session")
def character() -> str:
    return (resources() / "prompts" / "character.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def builtin_modes() -> dict[str, Mode]:
    folder = resources() / "personas"
    return {name: parse_mode(name, (folder / f"{name}.txt").read_text(encoding="utf-8")) for name in BUILTIN}
