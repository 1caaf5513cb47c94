"""A hotkey of Windows: `RegisterHotKey` and the messages of the thread that called it."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import threading
    from collections.abc import Callable
    from ctypes import wintypes

    from alisa_desktop.host.keys import NAMED, Keys, Modifier

    TAKEN = "Another program uses {keys} already. Choose other keys in Settings."
    NO_KEY = "This keyboard has no key for {keys}. Choose other keys in Settings."
    WRITES = "On one of your keyboards {keys} writes “{letter}”. Choose other keys in Settings."

    WM_QUIT, WM_HOTKEY = 0x0012, 0x0312
    MOD_NOREPEAT = 0x4000
    MODIFIERS = {Modifier.ALT: 1, Modifier.CTRL: 2, Modifier.SHIFT: 4, Modifier.META: 8}
    ALT_GR = frozenset({Modifier.CTRL, Modifier.ALT})
    VK_SHIFT, VK_CONTROL, VK_MENU = 0x10, 0x11, 0x12
    DOWN = 0x80
    KEEP_STATE = 4
    """Don't take part in what is being typed (ToUnicodeEx, since Windows 10 1607)."""
    HOTKEY_ID = 1

    class WindowsHotkey:
        """Keys registered with Windows, in a thread of its own that sleeps until they are pressed."""

        def __init__(self, keys: Keys, on_press: Callable[[], None]) -> None:
            self.trouble = ""
            self._keys = keys
            self._on_press = on_press
            self._closed = threading.Event()
            self._registered = threading.Event()
            self._user = _user32()
            self._thread = threading.Thread(target=self._live, name="hotkey", daemon=True)
            self._thread.start()
            self._registered.wait()

        def close(self) -> None:
            """Give the keys back and end the thread; nothing is called any more when this returns."""
            self._closed.set()
            if self._thread.is_alive():  # else the number may be that of somebody else's thread
                self._user.PostThreadMessageW(self._thread.native_id, WM_QUIT, 0, 0)
            if threading.current_thread() is not self._thread:
                self._thread.join()

        def _live(self) -> None:
            message = wintypes.MSG()
            try:
                self._user.PeekMessageW(ctypes.byref(message), None, 0, 0, 0)  # which gives the thread its queue
                self.trouble = self._register()
            finally:
                self._registered.set()
            if self.trouble:
                return
            while self._user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
                if message.message == WM_HOTKEY and not self._closed.is_set():
                    self._on_press()
            self._user.UnregisterHotKey(None, HOTKEY_ID)

        def _register(self) -> str:
            layouts = self._layouts()
            key, shifted = self._virtual_key(layouts[0])
            modifiers = self._keys.modifiers | ({Modifier.SHIFT} if shifted else set())
            if not key:
                return NO_KEY.format(keys=self._keys)
            if letter := next(filter(None, (self._written(key, modifiers, layout) for layout in layouts)), ""):
                return WRITES.format(keys=self._keys, letter=letter)
            bits = sum(MODIFIERS[modifier] for modifier in modifiers) | MOD_NOREPEAT
            return "" if self._user.RegisterHotKey(None, HOTKEY_ID, bits, key) else TAKEN.format(keys=self._keys)

        def _layouts(self) -> list[int]:
            """The user's keyboard layouts, the current one first."""
            layouts = (wintypes.HKL * 32)()
            count = self._user.GetKeyboardLayoutList(len(layouts), layouts)
            return [self._user.GetKeyboardLayout(0), *layouts[:count]]

        def _virtual_key(self, layout: int) -> tuple[int, bool]:
            """The virtual key, 0 where the layout has none, and whether it needs Shift."""
            key = self._keys.key
            if key in NAMED:
                return NAMED[key][1], False
            if key.isascii() and key.isalnum():
                return ord(key.upper()), False
            found = self._user.VkKeyScanExW(key, layout) if len(key.encode("utf-16-le")) == 2 else -1
            return (found & 0xFF, bool(found & 0x100)) if found != -1 else (0, False)

        def _written(self, key: int, modifiers: frozenset[Modifier], layout: int) -> str:
            """What the keys write: Ctrl and Alt together are AltGr, and nobody could write that letter any more."""
            if not modifiers >= ALT_GR or Modifier.META in modifiers:
                return ""
            state = (ctypes.c_ubyte * 256)()
            state[VK_CONTROL] = state[VK_MENU] = state[key] = DOWN
            state[VK_SHIFT] = DOWN if Modifier.SHIFT in modifiers else 0
            letters = ctypes.create_unicode_buffer(8)
            count = self._user.ToUnicodeEx(key, 0, state, letters, len(letters), KEEP_STATE, layout)
            text = letters.value[: abs(count)]  # negative: an accent that waits for its letter
            return text if text.isprintable() else ""

    def _user32() -> ctypes.WinDLL:
        """Its functions with the types of handles: a layout's is a pointer, which an int would cut."""
        user = ctypes.WinDLL("user32", use_last_error=True)
        user.GetKeyboardLayout.restype = wintypes.HKL
        user.VkKeyScanExW.argtypes = [wintypes.WCHAR, wintypes.HKL]
        user.VkKeyScanExW.restype = ctypes.c_short
        user.ToUnicodeEx.argtypes = [
            wintypes.UINT, wintypes.UINT, ctypes.c_void_p, wintypes.LPWSTR, ctypes.c_int, wintypes.UINT, wintypes.HKL,
        ]  # fmt: skip
        user.GetMessageW.argtypes = [ctypes.c_void_p, wintypes.HWND, wintypes.UINT, wintypes.UINT]
        user.PeekMessageW.argtypes = [*user.GetMessageW.argtypes, wintypes.UINT]
        user.PostThreadMessageW.argtypes = [wintypes.DWORD, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM]
        user.RegisterHotKey.argtypes = [wintypes.HWND, ctypes.c_int, wintypes.UINT, wintypes.UINT]
        user.UnregisterHotKey.argtypes = [wintypes.HWND, ctypes.c_int]
        return user
