"""The machine's sleep as Windows tells it: PowerRegisterSuspendResumeNotification (since Windows 8)."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

DEVICE_NOTIFY_CALLBACK = 2
PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC = 0x04, 0x12
"""The second comes at every wake, whether or not PBT_APMRESUMESUSPEND (somebody is there) follows."""

DWORD = ctypes.c_uint32
Routine = ctypes.CFUNCTYPE(DWORD, ctypes.c_void_p, DWORD, ctypes.c_void_p)  # 64-bit Windows has one calling convention


class Subscription(ctypes.Structure):
    """DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS."""

    _fields_ = (("callback", Routine), ("context", ctypes.c_void_p))


class WindowsPower:
    """A callback that the system runs in a thread of its own; raises `OSError` where it refuses.

    Windows waits about 2 s for `on_sleep`. `library` is powrprof.dll.
    """

    def __init__(self, on_sleep: Callable[[], None], on_wake: Callable[[], None], library: Any = None) -> None:
        self._callbacks = {PBT_APMSUSPEND: on_sleep, PBT_APMRESUMEAUTOMATIC: on_wake}
        self._library = library or _powrprof()
        self._subscription = Subscription(Routine(self._hear), None)  # keeps the routine, which Windows does not
        self._handle = ctypes.c_void_p()
        status = self._library.PowerRegisterSuspendResumeNotification(
            DEVICE_NOTIFY_CALLBACK, ctypes.byref(self._subscription), ctypes.byref(self._handle)
        )
        if status:
            raise OSError(status, "PowerRegisterSuspendResumeNotification")

    def close(self) -> None:
        """Unregister. May be called twice."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle:
            self._library.PowerUnregisterSuspendResumeNotification(handle)

    def _hear(self, context: int | None, kind: int, setting: int | None) -> int:
        if callback := self._callbacks.get(kind):
            callback()
        return 0


if sys.platform == "win32":

    def _powrprof() -> Any:
        library = ctypes.WinDLL("powrprof")
        library.PowerRegisterSuspendResumeNotification.argtypes = [
            DWORD, ctypes.POINTER(Subscription), ctypes.POINTER(ctypes.c_void_p),
        ]  # fmt: skip
        library.PowerRegisterSuspendResumeNotification.restype = DWORD
        library.PowerUnregisterSuspendResumeNotification.argtypes = [ctypes.c_void_p]
        library.PowerUnregisterSuspendResumeNotification.restype = DWORD
        return library

else:

    def _powrprof() -> Any:
        raise OSError("this is not Windows")
