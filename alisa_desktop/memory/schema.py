"""How turns and looks lie in the database: the tables as typed models, and the way to their rows and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import DateTime, Dialect, FetchedValue, ForeignKey, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from alisa_desktop.core.messages import Emotion, Outcome, Role, Turn
from alisa_desktop.core.sight import Depth, Look
from alisa_desktop.memory.recall import fold, storable

HEAD = "0002"
"""The newest revision in `migrations/versions`; written here so that a start need not import Alembic to know it."""

Known = TypeVar("Known", Emotion, Outcome, Depth)


class UtcTime(TypeDecorator[datetime]):
    """Aware datetimes in Python, naive UTC text of fixed width in SQLite: sorts right and reads well."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Python to SQLite."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite to Python."""
        return None if value is None else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Any Python text; what SQLite can't hold is replaced instead of refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Python to SQLite."""
        return None if value is None else storable(value)


class Base(DeclarativeBase):
    """Base of the tables; constraints have names so that later migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Words(), datetime: UtcTime()}  # noqa: RUF012  (SQLAlchemy's own declaration)


class StoredMessage(Base):
    """What one side said in a turn; `folded` is the text as searches compare it."""

    __tablename__ = "messages"

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    text: Mapped[str]
    folded: Mapped[str]
    emotion: Mapped[str | None]
    notice: Mapped[str]


class StoredTurn(Base):
    """One exchange: the user's message at position 0 and Alisa's at position 1."""

    __tablename__ = "turns"

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    mode: Mapped[str]
    model: Mapped[str]
    outcome: Mapped[str]
    rowid: Mapped[int] = mapped_column(system=True, server_default=FetchedValue())
    """SQLite's own count, the order of turns that came within one tick of the clock."""
    messages: Mapped[list[StoredMessage]] = relationship(
        order_by=StoredMessage.position, lazy="joined", cascade="all, delete-orphan", passive_deletes=True
    )

    @classmethod
    def of(cls, turn: Turn) -> StoredTurn:
        """The rows of `turn`."""
        return cls(
            id=turn.id,
            at=turn.at,
            mode=turn.mode,
            model=turn.model,
            outcome=turn.outcome.value,
            messages=[
                _message(turn.id, 0, Role.USER, turn.user_text),
                _message(turn.id, 1, Role.ASSISTANT, turn.reply, turn.emotion.value, turn.notice),
            ],
        )

    def turn(self) -> Turn:
        """The turn of these rows; what somebody deleted or misspelt by hand reads as nothing special."""
        user, reply = self._said(Role.USER), self._said(Role.ASSISTANT)
        return Turn(
            id=self.id,
            user_text=user.text,
            reply=reply.text,
            emotion=_known(Emotion, reply.emotion, Emotion.NEUTRAL),
            mode=self.mode,
            model=self.model,
            at=self.at,
            outcome=_known(Outcome, self.outcome, Outcome.DONE),
            notice=reply.notice,
        )

    def _said(self, role: Role) -> StoredMessage:
        found = (message for message in self.messages if message.role == role)
        return next(found, None) or StoredMessage(text="", emotion=None, notice="")


class StoredLook(Base):
    """A receipt of the privacy ledger."""

    __tablename__ = "looks"

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]
    app: Mapped[str]
    title: Mapped[str]
    depth: Mapped[str]
    note: Mapped[str]
    told: Mapped[bool]

    @classmethod
    def of(cls, look: Look) -> StoredLook:
        """The row of `look`."""
        return cls(
            id=look.id, at=look.at, until=look.until, count=look.count, app=look.app, title=look.title,
            depth=look.depth.value, note=look.note, told=look.told,
        )  # fmt: skip

    def look(self) -> Look:
        """The look of this row."""
        depth = _known(Depth, self.depth, Depth.WINDOW)
        return Look(self.id, self.at, self.until, self.count, self.app, self.title, depth, self.note, self.told)


def _message(
    turn: str, position: int, role: Role, text: str, emotion: str | None = None, notice: str = ""
) -> StoredMessage:
    return StoredMessage(
        turn_id=turn, position=position, role=role.value, text=text, folded=fold(text), emotion=emotion, notice=notice
    )


def _known(kind: type[Known], word: str | None, otherwise: Known) -> Known:
    try:
        return kind(word or "")
    except ValueError:
        return otherwise
