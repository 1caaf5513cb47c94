"""A check-up as a whole: what fails, hangs or is broken off does not keep the others from being known."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.core.health import Checkup, Finding, Verdict
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good
from alisa_desktop.doctor.examination import CHECKS, Examination
from alisa_desktop.doctor.report import as_json, as_text
from alisa_desktop.host.paths import Paths, resources
from alisa_desktop.settings.schema import ModelSource, Settings


@pytest.fixture
def case(profile: Path) -> Case:
    """Of a profile that is not there."""
    return Case(Paths(profile, resources()))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a check may hang at; it is opened at the end."""
    gate = threading.Event()
    yield gate
    gate.set()


def fine(_: Case) -> Answer:
    return good("Fine.")


async def test_one_that_fails_is_unknown_and_in_the_log(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Case) -> Answer:
        raise LookupError("a bug")

    def refuse(_: Case) -> Answer:
        raise SettingsFailed("That can't be.")

    checks = (Check("one", "One", fail), Check("two", "Two", refuse), Check("three", "Three", fine))
    with caplog.at_level(logging.ERROR):
        checkup = await Examination(case, checks=checks).run()
    assert [finding.verdict for finding in checkup.findings] == [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.GOOD]
    assert checkup.findings[1].found == "That can't be."
    assert "a bug" not in checkup.report
    assert "the check one failed" in caplog.text


async def test_one_that_hangs_is_given_up(case: Case, gate: threading.Event) -> None:
    def hang(_: Case) -> Answer:
        gate.wait()
        return good("Too late.")

    checks = (Check("one", "One", hang, seconds=0.05), Check("two", "Two", fine))
    checkup = await Examination(case, checks=checks).run()
    assert [finding.found for finding in checkup.findings] == ["It took too long to find out.", "Fine."]


async def test_who_has_enough_gets_what_is_known(case: Case, gate: threading.Event) -> None:
    def read(looked_at: Case) -> Answer:
        looked_at.progress("A large file", 1, 4)
        gate.wait()
        return good("Too late.")

    told: list[Checkup] = []
    reading = asyncio.Event()

    def hear(checkup: Checkup) -> None:
        told.append(checkup)
        if checkup.share and any(finding.name == "two" for finding in checkup.findings):
            reading.set()

    checks = (Check("one", "One", read, long=True), Check("two", "Two", fine))
    examination = Examination(case, hear, checks)
    running = asyncio.ensure_future(examination.run())
    await asyncio.wait_for(reading.wait(), 30)
    examination.stop()
    checkup = await asyncio.wait_for(running, 30)
    assert [finding.name for finding in checkup.findings] == ["one", "two"]
    assert "broken off" in checkup.findings[0].found
    assert ("A large file", 0.25) in [(one.busy, one.share) for one in told]
    assert told[0] == Checkup(total=2)
    assert told[-1] is checkup and checkup.over
    assert case.stopped.is_set()


async def test_one_that_is_stopped_before_it_begins_looks_at_nothing(case: Case) -> None:
    looked: list[Case] = []

    def look(case: Case) -> Answer:
        looked.append(case)
        return good("Fine.")

    examination = Examination(case, checks=(Check("one", "One", look),))
    examination.stop()
    checkup = await examination.run()
    assert checkup.over and not looked
    assert "broken off" in checkup.findings[0].found


async def test_everything_is_known_at_last_and_nothing_is_made(profile: Path) -> None:
    told: list[Checkup] = []
    checkup = await Examination(Case(Paths(profile, resources())), told.append).run()
    assert [finding.name for finding in checkup.findings] == [check.name for check in CHECKS]
    assert [len(one.findings) for one in told] == sorted(len(one.findings) for one in told)
    assert all(finding.found.endswith(".") for finding in checkup.findings)
    assert not profile.exists()


def test_names_are_unique() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert len({check.title for check in CHECKS}) == len(names)


async def test_the_report_names_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "wilhelmine"
    folder = home / ".local" / "Alisa"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "wilhelmine")
    check = Check("one", "One", lambda case: bad(f"{case.paths.profile} is no good.", f"Delete {home / 'x' / 'y'}."))
    checkup = await Examination(Case(Paths(folder, resources())), checks=(check,)).run()
    assert "wilhelmine" in checkup.findings[0].found
    assert "wilhelmine" not in checkup.report
    assert str(tmp_path) not in checkup.report
    assert "is no good" in checkup.report


async def test_a_name_across_two_lines_is_in_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "Alexander Mustermann"
    folder = home / "Mustermann und Sohn" / ("x" * 40) / "Mustermann" / ("Mustermann-" * 12)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    found = f"Everything of yours is in {folder}."

    def check(indent: int) -> Check:
        return Check(f"c{indent}", f"C{indent}", lambda case: bad(f"{'-' * indent} {found}", found))

    checks = [check(indent) for indent in range(0, 90, 7)]
    report = (await Examination(Case(Paths(folder, resources())), checks=checks).run()).report
    for private in ("Alexander", "Muster", "ustermann", "Sohn", "xxxx/", str(tmp_path)):
        assert private not in report
    assert report.count("Everything of") == 2 * len(checks)


async def test_the_report_does_not_tell_whose_server_she_asks(profile: Path) -> None:
    profile.mkdir(parents=True)
    settings = Settings(model_source=ModelSource.SERVER, server_url="http://spark.mustermann.example:8080/v1")
    (profile / "settings.json").write_text(settings.model_dump_json(), encoding="utf-8")
    checks = [check for check in CHECKS if check.name == "brain"]
    checkup = await Examination(Case(Paths(profile, resources())), checks=checks).run()
    assert "spark.mustermann.example" in checkup.findings[0].found
    assert "spark" not in checkup.report
    assert "the server at <host>" in checkup.report


FINDINGS = (
    Finding("tray", "Tray", Verdict.GOOD, "Your desktop has a tray."),
    Finding("port", "Port for overlays", Verdict.BAD, "Port 8000 is taken by another program.", "Close it. " * 9),
    Finding("crash", "Crashes", Verdict.UNKNOWN, "Nobody knows."),
)


def test_lines_for_people() -> None:
    text = as_text(FINDINGS, width=66)
    lines = text.splitlines()
    assert lines[0] == "✓ good     Tray               Your desktop has a tray."
    assert lines[1].startswith("✗ bad      Port for overlays  Port 8000")
    assert lines[2] == " " * 30 + "program."
    assert lines[3].startswith(" " * 30 + "→ Close it.")
    assert lines[4].startswith(" " * 32 + "Close it.")
    assert lines[-1] == "1 good, 1 bad, 1 unknown."
    assert max(map(len, lines)) <= 66
    assert as_text(()) == "\n0 good, 0 bad, 0 unknown.\n"


def test_an_object_for_programs() -> None:
    told = json.loads(json.dumps(as_json(FINDINGS)))
    assert list(told) == ["version", "platform", "system", "checks"]
    assert told["checks"][2] == {
        "name": "crash", "title": "Crashes", "verdict": "unknown", "found": "Nobody knows.", "advice": "",
    }  # fmt: skip
