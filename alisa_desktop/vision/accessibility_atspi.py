"""AT-SPI, what Linux applications tell assistive programs over D-Bus (at-spi2-core: its xml folder)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alisa_desktop.vision.accessibility_dbus import (
    BUS,
    BUS_PATH,
    Bus,
    BusFailed,
    Call,
    Connection,
    Late,
    first_of,
    items_of,
    text_of,
    value_of,
)
from alisa_desktop.vision.accessibility_lines import lines_of
from alisa_desktop.vision.accessibility_tree import (
    ACTIVE,
    MOST_CHILDREN,
    SHOWING,
    NotTold,
    Reading,
    Reference,
    about,
    property_of,
    references_of,
    states_of,
)
from alisa_desktop.vision.screen import TextLine, Window

LAUNCHER = "org.a11y.Bus"
LAUNCHER_PATH = "/org/a11y/bus"
ROOT = Reference("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
SWITCHES = ("IsEnabled", "ScreenReaderEnabled")
REST = 60.0
"""Seconds for which an application that didn't answer in time is left alone."""
FIRST_REST = 1.0
"""Seconds for which a bus is, up to `REST`; it doubles each time. It may only be slow because the machine is busy."""
BUSES = frozenset({BUS, LAUNCHER, ROOT.name})
MOST_APPLICATIONS = 100
LAUNCHER_SECONDS = 1.0

log = logging.getLogger(__name__)


class AtSpiText:
    """The text of Linux applications; `address` is the D-Bus address of the session. Call it from one thread.

    It only reads where accessibility is switched on for the desktop, and never switches it on.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._session: Bus | None = None
        self._bus: Bus | None = None
        self._resting: dict[str, float] = {}
        self._rest_of_bus = FIRST_REST

    def read(self, window: Window, seconds: float) -> Sequence[TextLine] | None:
        """The visible text of `window` in reading order; None where it says nothing useful within `seconds`."""
        now = time.monotonic()
        self._resting = {name: until for name, until in self._resting.items() if until > now}
        try:
            lines = self._read(window, now + seconds)
        except NotTold as reason:
            log.debug("Not read: %s.", reason)
        except Late as late:
            log.debug("No answer in time from %s.", late)
            self._let_rest(late.names)
            self.close()
        except BusFailed as error:
            log.debug("The accessibility bus failed: %s.", error)
            self.close()
        else:
            self._rest_of_bus = FIRST_REST
            return lines
        return None

    def _let_rest(self, names: Iterable[str]) -> None:
        now = time.monotonic()
        for name in names:
            self._resting[name] = now + (self._rest_of_bus if name in BUSES else REST)
        if BUSES.intersection(names):
            self._rest_of_bus = min(REST, 2 * self._rest_of_bus)

    def close(self) -> None:
        """Let go of both buses; the next reading connects anew."""
        for bus in (self._session, self._bus):
            if bus:
                bus.close()
        self._session = self._bus = None

    def _read(self, window: Window, end: float) -> Sequence[TextLine] | None:
        if self._resting.keys() & BUSES:
            raise NotTold("the bus rests")
        self._session = self._session or Connection(self._address, end)
        if not is_on(self._session, end):
            raise NotTold("accessibility is off")
        self._bus = self._bus or Connection(bus_address(self._session, end), end)
        frame = find(self._bus, window, end, frozenset(self._resting))
        return lines_of(Reading(self._bus, frame.name, end).element(frame.path), window.box)


def is_on(session: Bus, end: float) -> bool:
    """Whether the user has accessibility switched on; False, too, where nobody offers it."""
    calls = [property_of(Reference(LAUNCHER, LAUNCHER_PATH), "org.a11y.Status", switch) for switch in SWITCHES]
    return any(value_of(reply) is True for reply in session.ask(calls, end))


def bus_address(session: Bus, end: float) -> str:
    """Where the bus of the applications is."""
    [reply] = session.ask([Call(LAUNCHER, LAUNCHER_PATH, LAUNCHER, "GetAddress")], end)
    if not (address := text_of(first_of(reply))):
        raise NotTold("the accessibility bus has no address")
    return address


def find(bus: Bus, window: Window, end: float, resting: frozenset[str] = frozenset()) -> Reference:
    """The frame of a window in its application; raises `NotTold` where there is none, or no telling which."""
    [reply] = bus.ask([about(ROOT, "GetChildren")], end)
    names = list(dict.fromkeys(application.name for application in references_of(reply)))[:MOST_APPLICATIONS]
    asked = [Call(BUS, BUS_PATH, BUS, "GetConnectionUnixProcessID", "s", (name,)) for name in names]
    pids = [first_of(reply) for reply in bus.ask(asked, end)]
    own = [name for name, pid in zip(names, pids, strict=True) if window.pid and pid == window.pid]
    # in a sandbox it has a pid of its own: then everybody is asked
    frames = _frames(bus, [name for name in own or names if name not in resting], end)
    return chosen([frame for frame in frames if frame.states & SHOWING], window, sure=bool(own))


@dataclass(frozen=True, slots=True)
class Frame:
    """A window as its application tells it."""

    reference: Reference
    title: str
    states: int


def _frames(bus: Bus, names: Sequence[str], end: float) -> list[Frame]:
    replies = bus.ask([about(Reference(name, ROOT.path), "GetChildren") for name in names], end)
    frames = [
        frame
        for name, reply in zip(names, replies, strict=True)
        for frame in references_of(reply)[:MOST_CHILDREN]
        if frame.name == name
    ]
    titles = bus.ask([property_of(frame, "org.a11y.atspi.Accessible", "Name") for frame in frames], end)
    states = bus.ask([about(frame, "GetState") for frame in frames], end)
    return [
        Frame(frame, text_of(value_of(title)), states_of(state))
        for frame, title, state in zip(frames, titles, states, strict=True)
    ]


def chosen(frames: Sequence[Frame], window: Window, *, sure: bool) -> Reference:
    """The frame with the title of `window`; where the application is `sure`, its part will do, or the only frame."""
    found = [frame for frame in frames if window.title and frame.title == window.title]
    if not found and sure:  # toolkits add the program's name to the title, for the window manager alone
        found = [frame for frame in frames if frame.title and frame.title in window.title] or list(frames)
    if len(found) > 1:
        found = [frame for frame in found if bool(frame.states & ACTIVE) == window.active]
    if len(found) != 1:
        raise NotTold(f"{len(found)} windows could be this one")
    return found[0].reference


def has_launcher(address: str) -> bool | None:
    """Whether the session at this D-Bus address has, or can start, what connects applications; None for no answer."""
    names = ("ListNames", "ListActivatableNames")
    end = time.monotonic() + LAUNCHER_SECONDS
    try:
        bus = Connection(address, end)
        try:
            told = bus.ask([Call(BUS, BUS_PATH, BUS, name) for name in names], end)
        finally:
            bus.close()
    except BusFailed:
        return None
    return any(LAUNCHER in items_of(first_of(reply)) for reply in told)
