"""The settings file: read once, written atomically, never lost when it is damaged."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.settings.schema import Settings


def write_json(path: Path, value: Any) -> None:
    """Replace the file at `path` by `value` as JSON, in one step: a crash leaves the old file or the new one.

    A link stays a link. Raises `OSError`. Any thread.
    """
    path = path.resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        # a lone surrogate (in a file's name that is no Unicode) becomes \udcff, which is an escape in JSON too
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(value, file, ensure_ascii=False, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class SettingsFile:
    """The user's settings on disk. `notice` is a sentence for the user when the file could not be read as it was.

    With `tidy` a damaged file is put aside when it is read; without, it stays as it is.
    """

    def __init__(self, path: Path, *, tidy: bool = True) -> None:
        self.path = path
        self.notice = ""
        self._tidy = tidy

    def load(self) -> Settings:
        """The settings, with defaults for what the file does not say (or says wrongly); never raises."""
        self.notice = ""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            self.notice = (
                f"I can't read my settings ({error.strerror}), so I use the defaults. The file is {self.path}."
            )
            return Settings()
        except (ValueError, RecursionError):
            return self._begin_anew()
        if not isinstance(stored, dict):
            return self._begin_anew()
        return self._accept(stored)

    def save(self, settings: Settings) -> None:
        """Write the settings; raises `SettingsFailed` with a sentence. Keys are never written here."""
        try:
            write_json(self.path, settings.model_dump(mode="json"))
        except OSError as error:
            raise SettingsFailed(
                f"I can't save the settings ({error.strerror}). They hold until you quit; "
                f"please make room or allow writing in {self.path.parent}."
            ) from error

    def _accept(self, stored: dict[str, Any]) -> Settings:
        try:
            return Settings.model_validate(stored)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors()}
            self.notice = f"In the settings I do not understand {', '.join(sorted(wrong))}; I use the default there."
            return Settings.model_validate({key: value for key, value in stored.items() if key not in wrong})

    def _begin_anew(self) -> Settings:
        kept = self.path.with_name(f"{self.path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}.json")
        self.notice = f"My settings file is damaged, so I use the defaults. The file is {self.path}."
        with suppress(OSError):
            if self._tidy:
                self.path.replace(kept)
                self.notice = f"My settings file was damaged, so I use the defaults. The old file is {kept}."
        return Settings()
