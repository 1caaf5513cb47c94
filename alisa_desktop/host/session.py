"""The session manager of an X11 desktop, which says beforehand that the user logs out: XSMP, spoken by libSM.

Qt speaks it too where a distribution has built it so, but not as it comes from PyPI. Everywhere else, and on Wayland,
a session that ends sends signals, or the events that Qt does tell of. Source: X Session Management Library 1.0.
"""

from __future__ import annotations

import ctypes
import getpass
import os
import sys
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_void_p
from typing import Any

SAVE_YOURSELF, DIE, SAVE_COMPLETE, SHUTDOWN_CANCELLED = range(4)
"""Places in SmcCallbacks; their masks are these powers of two."""
RESTART_NEVER = b"\x03"
PROCESSED = 0  # IceProcessMessagesSuccess

Save = CFUNCTYPE(None, c_void_p, c_void_p, c_int, c_int, c_int, c_int)
Told = CFUNCTYPE(None, c_void_p, c_void_p)
Failed = CFUNCTYPE(None, c_void_p)


class _Value(ctypes.Structure):
    _fields_ = (("length", c_int), ("value", c_char_p))


class _Property(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("type", c_char_p), ("count", c_int), ("values", POINTER(_Value)))


class _Callback(ctypes.Structure):
    _fields_ = (("callback", c_void_p), ("data", c_void_p))


class XSession:
    """A place in the session. Raises `OSError` where there is no session manager, or no library to talk to it.

    `on_save` is called when the session may end; `saved` must follow. `on_end` is called when it does. Both come from
    `process`, which is to be called when there is something to read at `fileno`. One thread at a time; opening it takes
    as long as the session manager does.
    """

    def __init__(self, on_save: Callable[[], None], on_end: Callable[[], None]) -> None:
        if not os.environ.get("SESSION_MANAGER"):
            raise OSError("there is no session manager")
        self._ice, self._sm = ctypes.CDLL("libICE.so.6"), ctypes.CDLL("libSM.so.6")
        self._on_save, self._on_end = on_save, on_end
        self._kept = (  # C holds no reference
            Save(self._save), Told(lambda *_: self._on_end()), Told(lambda *_: None), Failed(lambda _: None)
        )  # fmt: skip
        self._ice.IceSetIOErrorHandler(self._kept[3])  # its own one ends the process
        self._connection = self._open()
        self._ice_connection = int(_pointer(self._sm.SmcGetIceConnection)(c_void_p(self._connection)))
        self._tell_properties()

    def fileno(self) -> int:
        """The socket to watch."""
        return int(self._ice.IceConnectionNumber(c_void_p(self._ice_connection)))

    def process(self) -> bool:
        """Take what the session manager says; False when it is gone."""
        return bool(self._ice.IceProcessMessages(c_void_p(self._ice_connection), None, None) == PROCESSED)

    def saved(self) -> None:
        """Everything is written down."""
        self._sm.SmcSaveYourselfDone(c_void_p(self._connection), 1)

    def close(self) -> None:
        """Leave the session, which goes on."""
        self._sm.SmcCloseConnection(c_void_p(self._connection), 0, None)

    def _open(self) -> int:
        save, end, nothing, _ = self._kept
        functions = (save, end, nothing, nothing)
        callbacks = (_Callback * 4)(*(_Callback(ctypes.cast(one, c_void_p), None) for one in functions))
        name, trouble = c_char_p(), ctypes.create_string_buffer(200)
        connection = _pointer(self._sm.SmcOpenConnection)(
            None, None, 1, 0, ctypes.c_ulong(0b1111), callbacks, None, ctypes.byref(name), len(trouble), trouble
        )
        if not connection:
            raise OSError(trouble.value.decode("utf-8", "replace"))
        return int(connection)

    def _save(self, connection: int, data: Any, kind: int, ends: int, interaction: int, fast: int) -> None:
        if ends:
            self._on_save()
        else:  # the session is only looked at, as it is just after a program has come
            self.saved()

    def _tell_properties(self) -> None:
        """What the protocol wants to know, and that autostart alone decides whether she is there the next time."""
        command = [os.fsencode(sys.executable)]
        told = [
            _property(b"Program", b"ARRAY8", *command),
            _property(b"UserID", b"ARRAY8", getpass.getuser().encode()),
            _property(b"CloneCommand", b"LISTofARRAY8", *command),
            _property(b"RestartCommand", b"LISTofARRAY8", *command),
            _property(b"RestartStyleHint", b"CARD8", RESTART_NEVER),
        ]
        pointers = (POINTER(_Property) * len(told))(*(ctypes.pointer(one) for one in told))
        self._sm.SmcSetProperties(c_void_p(self._connection), len(told), pointers)


def _property(name: bytes, kind: bytes, *values: bytes) -> _Property:
    listed = (_Value * len(values))(*(_Value(len(value), value) for value in values))
    return _Property(name, kind, len(values), listed)


def _pointer(function: Any) -> Any:
    function.restype = c_void_p
    return function
