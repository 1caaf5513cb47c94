"""The checks, in their order."""

from __future__ import annotations

from pathlib import Path

from alisa_desktop.host.paths import Paths
from alisa_desktop.selftest import behind, pictures, talk
from alisa_desktop.selftest.report import Report


async def check_everything(report: Report, paths: Paths, folder: Path) -> None:
    """Do all checks with the profile of `paths`; pictures go to `folder`. One that fails keeps none of the others."""
    await report.check("resources", lambda: behind.resources(paths))
    await report.check("libraries of llama.cpp", behind.libraries)
    await report.check("database", lambda: behind.database(paths))
    await report.check("system", lambda: behind.system(paths))
    said = await talk.check_talk(report, paths)
    studio = pictures.Studio(paths, folder)
    await report.check("avatar", studio.avatar)
    await report.check("bubble", lambda: studio.bubble(said))
    await report.check("windows", studio.windows)
    await report.check("text recognition", lambda: behind.text_recognition(paths, pictures.page_of_text))
