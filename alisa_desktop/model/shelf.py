"""The models that are here: those fetched into the profile, those the user pointed at, and those of other programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from alisa_desktop.core.brains import Brain
from alisa_desktop.core.errors import ModelBroken, ModelError
from alisa_desktop.model.beside import projector_beside
from alisa_desktop.model.fit import memory_needed
from alisa_desktop.model.gguf_header import PROJECTOR, GgufHeader, on_one_line, open_header, read_model_file
from alisa_desktop.model.hunt import Bounds, Hunt
from alisa_desktop.model.links import Links, ShelfFailed
from alisa_desktop.model.places import Found, Place, is_gguf, known_places
from alisa_desktop.model.splits import parts_of, stem_of

OWN, LINKED = "Alisa", "your own file"
_MARK = tuple[tuple[str, int, int], ...]
_NAMELESS = frozenset({"model", "ggml-model", "weights"})


class Shelf:
    """Knows the models in `folder` (a folder each, named by its id of the catalog), and those elsewhere.

    `ids` are those of the catalog; `context_tokens` is what memory is counted for. Everything here reads the disk and
    may take seconds: call it in a worker thread. A file is read again only when it has changed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ids: Collection[str] = (),
        context_tokens: int = 4096,
        places: Sequence[Place] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self._folder = folder
        self._ids = frozenset(ids)
        self._context = context_tokens
        self._places = places
        self._bounds = bounds or Bounds()
        self._links = Links(folder / "linked.json")
        self._known: dict[Found, tuple[_MARK, Brain | None]] = {}

    def brains(self) -> tuple[Brain, ...]:
        """The models in our folder, then those the user pointed at; with `trouble` where one can't be used."""
        own = Place(OWN, (self._folder,)).find(Hunt(self._bounds))
        linked = (Found(path, LINKED) for path in self._links.all())
        return tuple(_told_apart(self._look_at([*own, *linked])))

    def elsewhere(self, stopped: Callable[[], bool] = lambda: False) -> tuple[Brain, ...]:
        """The models of other programs, as far as they are found in some seconds; `stopped` ends the search."""
        hunt = Hunt(self._bounds, stopped)
        places = _usual_places() if self._places is None else self._places
        found = [one for place in places for one in place.find(hunt) if not self._is_ours(one.path)]
        return tuple(_told_apart(self._look_at(found, lambda: hunt.over)))

    def add_link(self, path: Path) -> Brain:
        """Keep a file of the user's where it is, and know it from now on.

        Raises `ModelMissing` or `ModelBroken` for what can't be used, and `ShelfFailed` where the list can't be kept.
        """
        with suppress(RuntimeError):  # "~name" of nobody here: it is not found, and that is said
            path = path.expanduser()
        path = parts_of(path.absolute())[0]
        header = read_model_file(path)
        if not header.talks:
            raise ModelBroken(_silent(path.name))
        if not self._is_ours(path):
            self._links.add(path)
        known = (brain for brain in self.brains() if _real(brain.path) == _real(path))
        return next(known, None) or self._brain(Found(path, LINKED), header)

    def remove(self, brain: Brain) -> None:
        """Delete a model of our folder, or forget one that the user pointed at; its file stays.

        Raises `ShelfFailed` for those of other programs, and where the system refuses.
        """
        if brain.linked:
            if not self._links.remove(brain.path):
                raise ShelfFailed(f"{brain.title} belongs to {brain.source}, so I leave it alone. Remove it there.")
            return
        files = [*parts_of(brain.path), *self._eyes_of_nobody_else(brain)]
        if not all(self._is_ours(file) and is_gguf(file.name) for file in files):
            raise ShelfFailed(f"{brain.title} isn't in my folder of models, so I leave it alone. Remove it yourself.")
        for file in files:
            _delete(file)
        self._sweep(brain.path.parent)

    def _is_ours(self, path: Path) -> bool:
        """Whether it lies in our folder, by what is really on the disk and not by its name."""
        try:
            return path.parent.resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError, ValueError):
            return False

    def _eyes_of_nobody_else(self, brain: Brain) -> list[Path]:
        """The projector of a model of ours, where no other model has the same."""
        shared = [other for other in self.brains() if other.projector == brain.projector and other.path != brain.path]
        return [brain.projector] if brain.projector and not shared and self._is_ours(brain.projector) else []

    def _sweep(self, folder: Path) -> None:
        """Take away folders that have become empty, up to our own."""
        with suppress(OSError):  # not empty
            root, here = self._folder.resolve(), folder.resolve()
            while here != root and here.is_relative_to(root):
                here.rmdir()
                here = here.parent

    def _look_at(self, found: Iterable[Found], over: Callable[[], bool] = lambda: False) -> Iterator[Brain]:
        """What the files are, each once: of several parts the first, of several names for a file the first, too."""
        seen: set[Path] = set()
        for one in found:
            if over():
                return
            first = parts_of(one.path)[0]
            if (real := _real(first)) in seen:
                continue
            seen.add(real)
            if brain := self._remembered(replace(one, path=first)):
                yield brain

    def _remembered(self, found: Found) -> Brain | None:
        mark = _mark(found)
        known = self._known.get(found)
        if known is None or known[0] != mark:
            self._known[found] = known = (mark, self._examined(found))
        return known[1]

    def _examined(self, found: Found) -> Brain | None:
        """The model in a file, with its trouble; None for a file that is part of another model."""
        try:
            return self._brain(found, read_model_file(found.path))
        except ModelError as error:
            return None if _is_projector(found.path) else self._brain(found, None, _missing(found) or error.sentence)

    def _brain(self, found: Found, header: GgufHeader | None, trouble: str = "") -> Brain:
        path = found.path
        brain = Brain(
            id=self._id(found),
            title=on_one_line(found.name or (header.name if header else stem_of(path))),
            path=path,
            bytes=sum(_size(part) for part in parts_of(path)),
            source=found.source,
            linked=found.source != OWN,
            trouble=trouble,
        )
        return _described(brain, header, found.projector or projector_beside(path), self._context) if header else brain

    def _id(self, found: Found) -> str:
        """Of the catalog where the folder is named by it; else made of the file's name, and of the program's."""
        folder = found.path.parent
        if found.source == OWN and folder.name in self._ids and _real(folder.parent) == _real(self._folder):
            return folder.name
        stem = stem_of(found.path)
        name = found.name or (folder.name if stem.lower() in _NAMELESS else stem)
        return _slug(name if found.source in (OWN, LINKED) else f"{found.source} {name}")


def _described(brain: Brain, header: GgufHeader, projector: Path | None, context_tokens: int) -> Brain:
    eyes = _size(projector) if projector else 0
    return replace(
        brain,
        bytes=brain.bytes + eyes,
        licence=header.licence,
        architecture=header.architecture,
        parameters=header.parameters,
        quantization=header.quantization,
        context_tokens=header.trained_context,
        memory_bytes=memory_needed(header, context_tokens, eyes),
        projector=projector,
        trouble=_trouble(brain.path, header),
    )


def _trouble(path: Path, header: GgufHeader) -> str:
    if not header.talks:
        return _silent(path.name)
    return "" if header.weight_bytes else f"{path.name} holds a vocabulary and no weights. Choose another model."


def _silent(name: str) -> str:
    return f"{name} is no model that talks: it measures text, or is a part of another one. Choose a chat model."


def _missing(found: Found) -> str:
    """What to say where files are missing, "" where none are."""
    parts = parts_of(found.path)
    missing = [part for part in parts if _is_gone(part)]
    if not missing:
        return ""
    if found.source == LINKED and len(parts) == 1:
        return f"I can't find {found.path} any more. Connect its drive, put it back, or take it off the list."
    if found.source not in (OWN, LINKED):
        return f"{found.source} hasn't all files of this model. Let {found.source} fetch it again."
    return f"Parts of this model are missing ({len(missing)} of {len(parts)}). Put them into {found.path.parent}."


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False  # it may be there: we may not look
    return False


def _is_projector(path: Path) -> bool:
    try:
        return open_header(path)[0].architecture == PROJECTOR
    except ModelError:
        return False


def _told_apart(brains: Iterable[Brain]) -> Iterator[Brain]:
    """The models, each with an id of its own."""
    taken: set[str] = set()
    for brain in brains:
        names = (f"{brain.id}-{number}" if number > 1 else brain.id for number in range(1, len(taken) + 2))
        own = next(name for name in names if name not in taken)
        taken.add(own)
        yield replace(brain, id=own)


def _slug(name: str) -> str:
    """Letters, digits and points of any script, with hyphens between the words."""
    return "-".join(re.findall(r"[^\W_]+(?:\.[^\W_]+)*", name.lower())) or "model"


def _mark(found: Found) -> _MARK:
    """What tells that a model's files, or its eyes, have changed."""
    beside = found.projector or projector_beside(found.path)
    return tuple(_stamp(file) for file in (*parts_of(found.path), *([beside] if beside else [])))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return str(path), -1, 0
    return str(path), facts.st_size, facts.st_mtime_ns


def _size(path: Path) -> int:
    return max(0, _stamp(path)[1])


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError as error:
        raise ShelfFailed(
            f"I may not remove {file.name}: it is in use, or its folder can't be written. "
            "Choose another model first, then try again."
        ) from error
    except OSError as error:
        raise ShelfFailed(
            f"I can't remove {file.name} ({error.strerror}). Try again, or delete it yourself."
        ) from error


def _usual_places() -> tuple[Place, ...]:
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return ()
    return known_places(home, os.environ, sys.platform)
