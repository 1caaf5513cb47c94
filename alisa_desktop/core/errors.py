"""Errors that are not our bugs: each carries one clear sentence for the user, with the way out.

Anything else that is raised is a bug of ours: it goes to the log with its traceback and reaches the user only as one
calm sentence (`SOMETHING_BROKE`), never as `str(error)`.
"""

from __future__ import annotations

SOMETHING_BROKE = "Something went wrong on my side. Your message is kept; please try again."


class AlisaError(Exception):
    """Base of all errors with a sentence for the user; `str(error)` is that sentence."""

    exit_code = 1
    may_be_logged = False
    """Whether the sentence goes into the log: not where it may quote the user, a server or an address."""

    @property
    def sentence(self) -> str:
        """The sentence for the user."""
        return str(self)


class ModelError(AlisaError):
    """The model cannot answer; the families below say why."""

    exit_code = 3


class ModelMissing(ModelError):
    """No model file or server is where the settings say."""


class ModelBroken(ModelError):
    """The file is no usable model (damaged, truncated, another format)."""

    may_be_logged = True


class ModelTooBig(ModelError):
    """The model does not fit into this machine's memory."""

    may_be_logged = True


class ModelCrashed(ModelError):
    """The runner process ended in the middle of its work."""

    may_be_logged = True


class ProcessorUnfit(ModelError):
    """This machine's processor lacks what every variant of the engine for model files needs."""


class ModelUnreachable(ModelError):
    """The server does not answer, or not in a way we understand."""


class CatalogFailed(AlisaError):
    """The list of models that are offered can't be read, refreshed or kept."""


class DownloadFailed(AlisaError):
    """A model can't be fetched (no room, no such file, a wrong checksum, a server that stays away ...)."""


class MessageTooLong(AlisaError):
    """One message alone is longer than the model's context."""


class MemoryFailed(AlisaError):
    """The database cannot be read or written (damaged, read-only, disk full)."""

    may_be_logged = True
    exit_code = 4


class PortTaken(AlisaError):
    """No port is free for the endpoint."""

    may_be_logged = True
    exit_code = 5


class AlreadyRunning(AlisaError):
    """Another Alisa holds this profile."""

    may_be_logged = True
    exit_code = 6


class SightFailed(AlisaError):
    """The screen can't be seen (permission denied, no monitor, no text recognition ...)."""

    exit_code = 7


class SettingsFailed(AlisaError):
    """The settings cannot be written, or name something that does not exist."""


class AutostartFailed(AlisaError):
    """The system does not let us change what starts when the user logs in."""


class UnknownMode(AlisaError):
    """There is no mode of that name."""
