"""Processes that belong together: a child never outlives its parent."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Protocol

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux."""


class Kinship(Protocol):
    """Ties child processes to this one."""

    def adopt(self, child: subprocess.Popen[bytes]) -> None:
        """Let `child` end when this process ends, however it ends."""
        ...


class ByPipe:
    """Null object: the child ends when its standard input does (and on Linux by a signal it asks for itself)."""

    def adopt(self, child: subprocess.Popen[bytes]) -> None:
        """Nothing to do from this side."""


def die_with_parent() -> None:
    """In a child: ask the system to end this process with its parent. Where it can't, the end of the pipe does it."""
    if sys.platform != "linux":
        return
    import signal

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(0)


if sys.platform == "win32":
    from ctypes import wintypes

    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000
    EXTENDED_LIMIT_INFORMATION = 9

    class _BasicLimits(ctypes.Structure):
        _fields_ = [  # ctypes wants a plain list
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        ]

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = [
            ("Basic", _BasicLimits),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        ]

    class JobObject:
        """A Windows job that ends its processes when its last handle closes: with this process, at the latest."""

        def __init__(self) -> None:
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.CreateJobObjectW.restype = wintypes.HANDLE
            self._job = wintypes.HANDLE(self._kernel.CreateJobObjectW(None, None))
            limits = _ExtendedLimits()
            limits.Basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            self._kernel.SetInformationJobObject(
                self._job, EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
            )

        def adopt(self, child: subprocess.Popen[bytes]) -> None:
            """Put `child` into the job."""
            self._kernel.AssignProcessToJobObject(self._job, wintypes.HANDLE(int(child._handle)))  # type: ignore[attr-defined]

    def kinship() -> Kinship:
        """What ties children to this process here."""
        return JobObject()

else:

    def kinship() -> Kinship:
        """What ties children to this process here."""
        return ByPipe()
