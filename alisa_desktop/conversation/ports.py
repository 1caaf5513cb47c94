"""What the conversation needs from other rooms, as Protocols; the engine plugs the real ones in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from alisa_desktop.core.messages import Message, ModelStatus, Occasion, Prompt, StreamPart, Turn
from alisa_desktop.core.sight import Depth, EyesStatus, Look, Sight


class ChatModel(Protocol):
    """Words from a model: a local file, a server, or the shipped script."""

    @property
    def status(self) -> ModelStatus:
        """Where the model stands now."""
        ...

    @property
    def context_tokens(self) -> int:
        """The room for prompt and reply together, in tokens (0 while unknown, before the model is ready)."""
        ...

    async def ready(self) -> None:
        """Wait until the model can answer; raises `ModelError` when it can't."""
        ...

    async def count(self, messages: Sequence[Message]) -> int:
        """How many tokens the rendered prompt of these messages takes, by the model's own tokenizer where it has one.

        Raises `ModelError`.
        """
        ...

    async def notes(self, occasion: Occasion) -> list[str]:
        """The notes this model should get with a message, out of what code knows about it; raises `ModelError`."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Generate one reply: at most one `Chosen`, then `Chunk`s, then one `Usage`.

        A picture in the prompt is for a model whose status says that it sees; another one never gets it.
        Closing the generator (`aclose`) cancels the generation within 100 ms and leaves the model usable. Raises
        `ModelError`, and `MessageTooLong` when the prompt does not fit the context.
        """
        ...


class Memory(Protocol):
    """What Alisa remembers. Every method raises `MemoryFailed` when the database can't do it."""

    async def record(self, turn: Turn) -> None:
        """Store one finished turn, in one transaction."""
        ...

    async def replace(self, turn: Turn) -> None:
        """Store a regenerated turn in the place of the one with the same id."""
        ...

    async def recent(self, limit: int, before: str = "") -> list[Turn]:
        """The latest turns (older than the turn `before`), at most `limit`, oldest first; none if that is unknown."""
        ...


class Eyes(Protocol):
    """What Alisa may see of the screen."""

    @property
    def status(self) -> EyesStatus:
        """What the user allows, and where the eyes stand."""
        ...

    async def look(self, depth: Depth) -> Sight:
        """Look now; raises `SightFailed` when that is not allowed or does not work."""
        ...


class Ledger(Protocol):
    """Where the receipts of looks are kept."""

    async def record_look(self, look: Look) -> None:
        """Store a receipt, in the place of the one with the same id; raises `MemoryFailed`."""
        ...
