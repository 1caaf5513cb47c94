"""The machine's sleep, on a clock of the test's own."""

from __future__ import annotations

from alisa_desktop.host.sleep import EVERY_SECONDS, wake_ups


class Machine:
    """A clock on the wall that each wait moves on by what comes next; then it is switched off."""

    def __init__(self, *passed: float) -> None:
        self.time = 1_000_000.0
        self._passed = iter(passed)

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        assert seconds == EVERY_SECONDS
        try:
            self.time += next(self._passed)
        except StopIteration:
            raise KeyboardInterrupt from None


async def found(*passed: float) -> list[float]:
    machine = Machine(*passed)
    slept: list[float] = []
    try:
        async for late in wake_ups(machine.now, machine.sleep):
            slept.append(late)
    except KeyboardInterrupt:
        return slept
    raise AssertionError


async def test_a_machine_that_stays_awake() -> None:
    assert await found(30, 30.2, 45, 31) == []


async def test_a_machine_that_sleeps() -> None:
    assert await found(30, 30 + 3600, 30, 30 + 25) == [3600, 25]


async def test_a_clock_that_is_set_counts_too() -> None:
    assert await found(30 - 3600) == [-3600]
