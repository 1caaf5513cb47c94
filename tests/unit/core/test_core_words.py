"""The shared words: values that do not change, and errors that can be shown."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from alisa_desktop.core import errors, events, messages

VALUES = [
    kind
    for module in (messages, events)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
]
ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.AlisaError)]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_values_are_frozen_and_small(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert hasattr(kind, "__slots__")


def test_every_event_is_in_the_union() -> None:
    declared = {kind for kind in VALUES if kind.__module__ == events.__name__}
    assert set(events.Event.__args__) == declared


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_is_its_sentence_and_has_an_exit_code(kind: type[errors.AlisaError]) -> None:
    assert kind("One sentence.").sentence == "One sentence."
    assert kind.exit_code in (1, 3, 4, 5, 6, 7)


def test_exit_codes_tell_the_families_apart() -> None:
    assert {errors.ModelCrashed.exit_code, errors.ModelMissing.exit_code} == {3}
    assert errors.MemoryFailed.exit_code == 4
    assert errors.PortTaken.exit_code == 5
    assert errors.AlreadyRunning.exit_code == 6
    assert errors.SightFailed.exit_code == 7
