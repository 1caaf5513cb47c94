"""The first moments of the app: her first picture, and only then everything that takes time."""

from __future__ import annotations

import builtins
import linecache
from dataclasses import replace

from alisa_desktop import __version__
from alisa_desktop.host.bugs import Bugs, caught
from alisa_desktop.host.crash import watch_crashes
from alisa_desktop.host.display import prefer_free_placement
from alisa_desktop.options import Options
from alisa_desktop.ui.application import Application
from alisa_desktop.ui.first_picture import load_first_picture


def run(options: Options) -> int:
    """Open Alisa on the desktop and stay until she is told to quit; returns the exit code. We hold the profile."""
    with caught() as bugs:
        return _start(options, bugs)


def _start(options: Options, bugs: Bugs) -> int:
    with watch_crashes(options.paths.logs) as crash:
        import_plainly()
        prefer_free_placement()
        return _run_alone(_application(), replace(options, alone=False), bugs, crash)


def tell(sentence: str) -> None:
    """Show a `sentence` in a window and wait until it is closed, or until the user's session ends."""
    from alisa_desktop.host.paths import resources
    from alisa_desktop.ui.last_word import last_word

    prefer_free_placement()
    running = Application.instance()
    application = running if isinstance(running, Application) else _application()
    box = last_word(application, sentence, str(resources() / "icons" / "alisa.svg"))
    application.quit_requested.connect(box.reject)
    box.exec()


def _application() -> Application:
    application = Application(["Alisa"])
    application.setApplicationName("Alisa")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("io.github.alisa_desktop.Alisa")
    application.setQuitOnLastWindowClosed(False)
    application.setStyle("Fusion")  # the one style that is the same, and complete, on all systems
    return application


def import_plainly() -> None:
    """Take PySide's hook off the import statement.

    In search of a `from __feature__ import`, which we do not use, it reads the source of every module imported after
    it and leaves it in `linecache`: 744 files and 30 MB with PySide 6.11.
    """
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
    linecache.clearcache()


def _run_alone(application: Application, options: Options, bugs: Bugs, crash: str) -> int:
    picture = None if options.hidden else load_first_picture(options.paths.first_picture)
    if picture:
        picture.show_now()
    from alisa_desktop import app
    from alisa_desktop.troubles import Troubles

    return app.run(application, options, picture, Troubles(bugs, crash))
