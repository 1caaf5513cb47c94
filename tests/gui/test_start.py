"""The first moments of the app cost no more than they must."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import linecache
from PySide6.QtWidgets import QApplication
from alisa_desktop.start import import_plainly
import_plainly()
import wave, alisa_desktop.core.bus
from PySide6.QtCore import QTimer
assert not linecache.cache, list(linecache.cache)
"""


def test_imports_are_plain_ones_that_keep_no_source_in_memory():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
