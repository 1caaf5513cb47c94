"""A real X desktop (Xvfb, openbox, picom, trayer) on which the real program runs, for tests and pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from exe import alisa_command

PROGRAMS = ("Xvfb", "openbox", "picom", "trayer", "xdotool", "import", "hsetroot", "xwininfo", "xterm")
PATIENCE = 30.0
Found = TypeVar("Found")


def missing_programs() -> list[str]:
    """What this machine lacks for a desktop."""
    return [program for program in PROGRAMS if not shutil.which(program)]


def wait_for(look: Callable[[], Found], what: str, patience: float = PATIENCE) -> Found:
    """Look until there is something to see; fails with `what` when there never is."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"never seen: {what}"
        time.sleep(0.02)  # xdotool can only be asked, it does not tell
    return found


@dataclass
class Window:
    """A window on the desktop."""

    id: str
    x: int
    y: int
    width: int
    height: int


@dataclass
class Desktop:
    """Where the program runs; `environment` is what it is started with."""

    environment: dict[str, str]
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a program on this desktop."""
        output = log.open("wb") if log else subprocess.DEVNULL
        try:
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=subprocess.STDOUT)
        finally:
            if log:
                output.close()  # type: ignore[union-attr]
        self._processes.append(process)
        return process

    def run(self, *command: str) -> str:
        """Run a program to its end and return what it prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.stdout

    def windows(self, title: str, *, visible: bool = True) -> list[Window]:
        """The windows whose title matches, topmost last."""
        only = ["--onlyvisible"] if visible else []
        found = self.run("xdotool", "search", *only, "--name", title).split()
        return [window for window in map(self._window, found) if window]

    def _window(self, number: str) -> Window | None:
        shell = self.run("xdotool", "getwindowgeometry", "--shell", number)
        values = dict(line.split("=", 1) for line in shell.splitlines() if "=" in line)
        if "X" not in values:
            return None
        return Window(number, *(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT")))

    def window(self, title: str, patience: float = PATIENCE) -> Window:
        """Wait for the window of this title."""
        return wait_for(lambda: self.windows(title), f"a window “{title}”", patience)[-1]

    def gone(self, title: str, patience: float = PATIENCE) -> None:
        """Wait until no window of this title is to be seen."""
        wait_for(lambda: not self.windows(title), f"the end of the window “{title}”", patience)

    def focused(self, title: str, patience: float = PATIENCE) -> None:
        """Wait until a window of this title has the keyboard, which it gets some time after it is to be seen."""
        asked = ("xdotool", "getactivewindow", "getwindowname")
        found = re.compile(title, re.IGNORECASE)  # as xdotool has it
        wait_for(lambda: found.search(self.run(*asked).strip()), f"the keyboard at the window “{title}”", patience)

    @contextmanager
    def _alone(self) -> Iterator[Any]:
        """A connection to the X server, which listens to no other meanwhile; what it grabs it lets go of at its end."""
        from Xlib.display import Display

        display = Display(self.environment["DISPLAY"])
        try:
            display.grab_server()
            yield display
        finally:
            display.close()

    def keyboard_taken(self) -> bool:
        """Whether a program takes every key, as an open menu does."""
        from Xlib import X

        with self._alone() as display:
            root = display.screen().root
            told = root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        return bool(told == X.AlreadyGrabbed)

    def hotkey_taken(self, letter: str) -> bool:
        """Whether a program takes Ctrl+Alt and this letter, wherever they are pressed."""
        from Xlib import X
        from Xlib.error import BadAccess, CatchError

        taken, held = CatchError(BadAccess), X.ControlMask | X.Mod1Mask
        with self._alone() as display:
            code = display.keysym_to_keycode(ord(letter))
            display.screen().root.grab_key(code, held, False, X.GrabModeAsync, X.GrabModeAsync, onerror=taken)
            display.sync()
        return taken.get_error() is not None

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click at a point of the screen."""
        self.run("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def keys(self, *names: str) -> None:
        """Press keys, by xdotool's names."""
        self.run("xdotool", "key", "--delay", "30", *names)

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        self.run("xdotool", "type", "--delay", "15", text)

    def screenshot(self, path: Path, crop: str = "") -> Path:
        """Take a picture of the whole screen, or of `WxH+X+Y` of it."""
        area = ["-crop", crop, "+repage"] if crop else []
        self.run("import", "-window", "root", *area, str(path))
        return path

    def close(self) -> None:
        """End everything that was started here."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def desktop(
    folder: Path, *, size: str = "1280x800", tray: bool = True, wallpaper: tuple[str, str] = ("#7fa3b5", "#41506b")
) -> Iterator[Desktop]:
    """A desktop of its own display number, with a compositor, a window manager and a panel; `folder` is its home."""
    folder.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as pipe:
        display = pipe.readline().strip()
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("QT_", "DBUS", "XDG_", "WAYLAND"))
    }
    environment = inherited | {
        "DISPLAY": f":{display}",
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "NO_AT_BRIDGE": "1",
    }
    folder.chmod(0o700)
    place = Desktop(environment)
    try:
        place.start("openbox")
        place.start("picom", "--backend", "xrender", "--config", os.devnull)
        wait_for(lambda: '"picom"' in place.run("xwininfo", "-root", "-tree"), "the compositor")
        if tray:
            panel = ["--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "28"]
            place.start(
                "trayer", *panel, "--SetDockType", "true", "--SetPartialStrut", "true", "--transparent", "false"
            )
            wait_for(lambda: place.windows("panel", visible=False), "the panel")
        colours = [part for colour in wallpaper for part in ("-add", colour)]
        place.run("hsetroot", *colours, "-gradient", "180")
        yield place
    finally:
        place.close()
        server.terminate()
        server.wait(10)


def alisa(place: Desktop, profile: Path, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """Start the real program on a desktop."""
    command: Sequence[str] = (*alisa_command(), "--profile", str(profile), *arguments)
    return place.start(*command, log=log)
