"""The windows of a Windows desktop; every call is one of Win32's (https://learn.microsoft.com/windows/win32/api/)."""

from __future__ import annotations

import sys
from pathlib import PureWindowsPath

FURNITURE = frozenset(
    {
        "Progman",  # the desktop
        "WorkerW",  # its wallpaper
        "Shell_TrayWnd",  # the taskbar
        "Shell_SecondaryTrayWnd",  # the other monitors' ones
        "NotifyIconOverflowWindow",
        "TopLevelWindowForOverflowTray",
        "XamlExplorerHostIslandWindow",  # Alt+Tab, the task view
        "tooltips_class32",
        "#32768",  # a menu
    }
)
"""Classes of windows that nobody works in."""

UWP_HOST = "ApplicationFrameHost"
"""The process that has the frames of store applications; the application is a child of the frame."""


def app_name(path: str) -> str:
    """What a program is called, by the path of its file."""
    name = PureWindowsPath(path).name
    return name[:-4] if name.lower().endswith(".exe") else name


if sys.platform == "win32":
    import ctypes
    from collections.abc import Callable, Sequence
    from ctypes import wintypes

    from alisa_desktop.core.errors import SightFailed
    from alisa_desktop.vision.screen import Box, Privacy, Window
    from alisa_desktop.vision.window_titles import LONGEST_TITLE, is_sharing, tidy

    NOT_TOLD = "Windows doesn't tell me which windows are open; restart me from your own desktop session."

    PER_MONITOR_AWARE_V2 = wintypes.HANDLE(-4)
    DWMWA_EXTENDED_FRAME_BOUNDS = 9
    DWMWA_CLOAKED = 14
    PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
    GWL_EXSTYLE = -20
    WS_EX_TRANSPARENT = 0x20
    WS_EX_NOACTIVATE = 0x08000000
    DESKTOP_READOBJECTS = 0x0001
    UOI_NAME = 2
    SM_REMOTECONTROL = 0x2001
    QUNS_PRESENTATION_MODE = 4
    LONGEST_PATH = 32768
    LONGEST_CLASS = 257

    _EnumProc = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)

    def _functions() -> tuple[ctypes.WinDLL, ctypes.WinDLL, ctypes.WinDLL, ctypes.WinDLL]:
        """The libraries, of which every function that is called here knows its types: handles have 64 bits."""
        user, kernel, dwm, shell = (ctypes.WinDLL(name) for name in ("user32", "kernel32", "dwmapi", "shell32"))
        hwnd, dword, boolean, handle = wintypes.HWND, wintypes.DWORD, wintypes.BOOL, wintypes.HANDLE
        number, text, word = ctypes.c_int, wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD)
        types: tuple[tuple[ctypes.WinDLL, str, object, tuple[object, ...]], ...] = (
            (user, "SetProcessDpiAwarenessContext", boolean, (handle,)),
            (user, "EnumWindows", boolean, (_EnumProc, wintypes.LPARAM)),
            (user, "EnumChildWindows", boolean, (hwnd, _EnumProc, wintypes.LPARAM)),
            (user, "IsWindowVisible", boolean, (hwnd,)),
            (user, "IsIconic", boolean, (hwnd,)),
            (user, "GetForegroundWindow", hwnd, ()),
            (user, "GetWindowTextW", number, (hwnd, text, number)),
            (user, "GetClassNameW", number, (hwnd, text, number)),
            (user, "GetWindowLongW", wintypes.LONG, (hwnd, number)),
            (user, "GetWindowThreadProcessId", dword, (hwnd, word)),
            (user, "OpenInputDesktop", handle, (dword, boolean, dword)),
            (user, "CloseDesktop", boolean, (handle,)),
            (user, "GetUserObjectInformationW", boolean, (handle, number, ctypes.c_void_p, dword, word)),
            (user, "GetSystemMetrics", number, (number,)),
            (kernel, "OpenProcess", handle, (dword, boolean, dword)),
            (kernel, "CloseHandle", boolean, (handle,)),
            (kernel, "QueryFullProcessImageNameW", boolean, (handle, dword, text, word)),
            (dwm, "DwmGetWindowAttribute", ctypes.c_long, (hwnd, dword, ctypes.c_void_p, dword)),
            (shell, "SHQueryUserNotificationState", ctypes.c_long, (ctypes.POINTER(number),)),
        )
        for library, name, result, arguments in types:
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        return user, kernel, dwm, shell

    class Win32Screen:
        """The desktop of a Windows session. For one thread, of a process that has no windows of its own."""

        def __init__(self) -> None:
            self._user, self._kernel, self._dwm, self._shell = _functions()
            # Refused where somebody has chosen before; then that is the choice, and the boxes are physical px still.
            self._user.SetProcessDpiAwarenessContext(PER_MONITOR_AWARE_V2)

        def windows(self) -> Sequence[Window]:
            """The visible windows, the topmost first; raises `SightFailed`."""
            active = self._user.GetForegroundWindow() or 0
            shown = [handle for handle in self._handles() if self._is_shown(handle)]
            found = (self._window(handle, active) for handle in shown)
            return [window for window in found if window.box]

        def privacy(self) -> Privacy | None:
            """Why this is no moment to look."""
            if self._is_locked():
                return Privacy.LOCKED
            if self._user.GetSystemMetrics(SM_REMOTECONTROL) or self._is_presenting():
                return Privacy.SHARED
            # a minimised bar is still one: all of them count, and only their titles
            return Privacy.SHARED if is_sharing(map(self._named, self._handles())) else None

        def close(self) -> None:
            """Nothing is held."""

        def _handles(self) -> list[int]:
            """All windows without a parent, in their order on the screen."""
            found: list[int] = []
            if not self._user.EnumWindows(self._collector(found), 0):
                raise SightFailed(NOT_TOLD)
            return [handle for handle in found if self._user.IsWindowVisible(handle)]

        def _collector(self, found: list[int]) -> Callable[[int, int], int]:
            def collect(handle: int | None, _: int) -> bool:
                found.append(handle or 0)
                return True

            return _EnumProc(collect)

        def _is_shown(self, handle: int) -> bool:
            """Whether it isn't minimised, on another desktop, or a store application that sleeps."""
            cloaked = wintypes.DWORD(0)
            self._dwm.DwmGetWindowAttribute(handle, DWMWA_CLOAKED, ctypes.byref(cloaked), ctypes.sizeof(cloaked))
            return not cloaked.value and not self._user.IsIconic(handle)

        def _window(self, handle: int, active: int) -> Window:
            pid, app = self._program(handle)
            style = self._user.GetWindowLongW(handle, GWL_EXSTYLE)
            return Window(
                handle=handle,
                pid=pid,
                app=app,
                title=self._title(handle),
                box=self._box(handle),
                active=handle == active,
                # what the mouse goes through, or what never gets the keyboard, is drawn over the screen by somebody
                furniture=self._class(handle) in FURNITURE or bool(style & (WS_EX_TRANSPARENT | WS_EX_NOACTIVATE)),
            )

        def _named(self, handle: int) -> Window:
            title = self._title(handle)
            return Window(handle, 0, self._program(handle)[1] if title else "", title, Box(0, 0, 0, 0))

        def _title(self, handle: int) -> str:
            text = ctypes.create_unicode_buffer(LONGEST_TITLE + 1)
            self._user.GetWindowTextW(handle, text, len(text))
            return tidy(text.value)

        def _class(self, handle: int) -> str:
            text = ctypes.create_unicode_buffer(LONGEST_CLASS)
            self._user.GetClassNameW(handle, text, len(text))
            return text.value

        def _box(self, handle: int) -> Box:
            """Its visible frame, without the invisible one for the mouse, in physical px; empty when it vanished."""
            frame = wintypes.RECT()
            self._dwm.DwmGetWindowAttribute(
                handle, DWMWA_EXTENDED_FRAME_BOUNDS, ctypes.byref(frame), ctypes.sizeof(frame)
            )
            return Box(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)

        def _program(self, handle: int) -> tuple[int, str]:
            """The process behind a window, and what it is called."""
            pid = self._pid(handle)
            app = self._process_name(pid)
            if app != UWP_HOST:
                return pid, app
            inside: list[int] = []
            self._user.EnumChildWindows(handle, self._collector(inside), 0)
            real = next((its for its in map(self._pid, inside) if its not in (0, pid)), pid)
            return real, self._process_name(real)

        def _pid(self, handle: int) -> int:
            pid = wintypes.DWORD(0)
            self._user.GetWindowThreadProcessId(handle, ctypes.byref(pid))
            return pid.value

        def _process_name(self, pid: int) -> str:
            """Empty where Windows doesn't tell: the process ended, or is the system's."""
            process = self._kernel.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, False, pid)
            if not process:
                return ""
            try:
                path, size = ctypes.create_unicode_buffer(LONGEST_PATH), wintypes.DWORD(LONGEST_PATH)
                told = self._kernel.QueryFullProcessImageNameW(process, 0, path, ctypes.byref(size))
                return app_name(path.value) if told else ""
            finally:
                self._kernel.CloseHandle(process)

        def _is_locked(self) -> bool:
            """Whether keys go to another desktop: that of the lock screen, of a log-in, of a question for consent."""
            desktop = self._user.OpenInputDesktop(0, False, DESKTOP_READOBJECTS)
            if not desktop:
                return True
            try:
                name, needed = ctypes.create_unicode_buffer(256), wintypes.DWORD(0)
                told = self._user.GetUserObjectInformationW(
                    desktop, UOI_NAME, name, ctypes.sizeof(name), ctypes.byref(needed)
                )
                return not told or name.value != "Default"
            finally:
                self._user.CloseDesktop(desktop)

        def _is_presenting(self) -> bool:
            state = ctypes.c_int(0)
            refused = self._shell.SHQueryUserNotificationState(ctypes.byref(state))
            return not refused and state.value == QUNS_PRESENTATION_MODE
