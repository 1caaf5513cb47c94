"""A child never outlives its parent, however that ends."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from alisa_desktop.host.process import kinship

CHILD = "from alisa_desktop.host.process import die_with_parent; die_with_parent(); {then}"
WAIT = "import time; print('child', flush=True); time.sleep(600)"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
time.sleep(600)
"""
NESTED = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', {inner!r}], stdout=subprocess.PIPE);"
    "print(child.pid, child.stdout.readline(), flush=True); time.sleep(600)"
)


def started(code: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A parent that runs this child, and the child with its own children."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline().split()[0]))
    return parent, [child, *child.children()]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of the pipe or the job does it")
def test_a_child_ends_with_its_killed_parent() -> None:
    parent, family = started(CHILD.format(then=WAIT))
    parent.kill()
    parent.communicate(timeout=20)
    assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of the pipe or the job does it")
def test_so_do_the_childs_children() -> None:
    inner = CHILD.format(then=WAIT)
    parent, family = started(CHILD.format(then=NESTED.format(inner=inner)))
    assert len(family) == 2
    parent.kill()
    parent.communicate(timeout=20)
    assert psutil.wait_procs(family, timeout=20)[1] == []


def test_a_child_that_is_adopted_works_as_before() -> None:
    child = subprocess.Popen([sys.executable, "-c", "print(input())"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    kinship().adopt(child)
    assert child.communicate(b"hello\n", timeout=20)[0].strip() == b"hello"
