import inspect
from collections.abc import Callable
from datetime import UTC, date, timedelta

from alisa_desktop.conversation.ports import Memory
from alisa_desktop.core.messages import Turn
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]


def calls(kind: type) -> dict[str, inspect.Signature]:
    functions = inspect.getmembers(kind, inspect.iscoroutinefunction)
    return {name: inspect.signature(function) for name, function in functions if not name.startswith("_")}


def test_it_answers_the_same_calls_as_the_store() -> None:
    own = calls(Store)
    del own["open"]
    assert calls(Forgetful) == own
    assert calls(Memory).items() <= own.items()


def test_the_notice_says_why_and_what_it_means() -> None:
    assert Forgetful("The disk is full.").notice == "The disk is full. Until then I remember only this session."


async def test_it_answers_like_the_store(store: Store, turn: MakeTurn) -> None:
    session = Forgetful("", UTC)
    told = [
        turn(number, user_text="É 田" if number % 3 else "e", at=turn(0).at + timedelta(hours=7 * number))
        for number in range(9)
    ]
    for memory in (session, store):
        for each in told:
            await memory.record(each)
        await memory.replace(turn(4, at=told[4].at, reply="again"))
        assert await memory.delete(told[2].id)
        assert not await memory.delete(told[2].id)
    for name, values in (
        ("recent", (3,)),
        ("recent", (99,)),
        ("days", ()),
        ("on_day", (date(2026, 3, 15),)),
        ("search", ("é",)),
        ("search", ("é", 2)),
        ("search", (" ",)),
        ("since", (told[5].at,)),
    ):
        assert await getattr(session, name)(*values) == await getattr(store, name)(*values), name
    assert await session.forget_all() == await store.forget_all() == 8
    assert await session.recent(9) == []


async def test_closing_forgets(turn: MakeTurn) -> None:
    session = Forgetful("")
    await session.record(turn(0))
    await session.close()
    await session.close()
    assert await session.recent(9) == []
