"""The window builds itself from the schema, so every setting says what it is."""

from __future__ import annotations

from typing import Any

import pytest

from alisa_desktop.settings.schema import Settings

FIELDS = {name: field for name, field in Settings.model_fields.items() if field.json_schema_extra}
EXTRA = {"group", "labels", "kind", "filter", "when", "unit", "step"}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_setting_says_what_it_is(name: str) -> None:
    field = FIELDS[name]
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    assert field.title
    assert field.description
    assert field.description.endswith(".")
    assert extra.get("group")
    assert set(extra) <= EXTRA


def test_only_what_is_no_choice_says_nothing() -> None:
    assert set(Settings.model_fields) - set(FIELDS) == {
        "starter_hint_shown",
        "vision_explained",
        "vision_paused_until",
        "welcome_shown",
    }


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_when_names_a_setting_and_a_value_it_can_have(name: str) -> None:
    extra: Any = FIELDS[name].json_schema_extra
    for other, value in extra.get("when", {}).items():
        assert Settings.model_validate({other: value})
        assert other in FIELDS


def test_every_choice_has_a_label() -> None:
    extra: Any = FIELDS["model_source"].json_schema_extra
    annotation: Any = FIELDS["model_source"].annotation
    assert set(extra["labels"]) == {choice.value for choice in annotation}


def test_settings_do_not_change_under_anybodys_hands() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().mode = "study"  # type: ignore[misc]


def test_the_key_does_not_show_in_a_log() -> None:
    assert "hunter2" not in repr(Settings.model_validate({"server_key": "hunter2"}))
