"""Runs in the bundle before all else: what she starts (a browser, a file manager) gets its own libraries, not hers.

The bundle's loader sets this variable for itself; it is read when a process starts, so only children see the change.
"""

import os

original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if original is not None:
    os.environ["LD_LIBRARY_PATH"] = original
