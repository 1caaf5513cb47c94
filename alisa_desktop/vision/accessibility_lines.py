"""From what an application tells about its window to lines of text: pure, the same for every system.

What an application tells is taken for what a stranger says: too long, too deep, in the wrong place, or a password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from alisa_desktop.vision.screen import Box, TextLine

MOST_CHARACTERS = 8_000
"""Of all lines together."""
LONGEST_LINE = 1_000
"""Characters of one line."""
DEEPEST = 100
"""Levels of elements; what is below is left out."""
LEAST_WORDS = 20
"""Characters besides menus, titles and buttons; with fewer the window is better read from its picture."""
BLANK_SHARE = 0.5
"""Part of the window that may be something without any text; with more it is better read from its picture."""
SAME_SHAPE = 0.005
"""How much the two ratios of sides may differ where an application counts in other px than the screen."""
PLACEHOLDER = "\ufffc"
"""Stands in a text where an element is embedded (AT-SPI)."""
JOINERS = "\u200c\u200d"
"""Are not printable by themselves, but shape letters and emojis."""

Row = tuple[str, Box]


class Kind(Enum):
    """What an element is for."""

    WORDS = auto()
    """Text to be read: labels, paragraphs, fields, cells."""
    CONTROL = auto()
    """What one presses: buttons, tabs."""
    FRAME = auto()
    """What is around: menus, the title."""
    PLACE = auto()
    """Without text of its own: panels, pictures."""
    SECRET = auto()
    """A password; neither it nor what is in it is ever read."""


@dataclass(frozen=True, slots=True)
class Element:
    """A visible part of a window as the application tells it, in its own coordinates; `rows` are its own text."""

    kind: Kind
    box: Box
    rows: tuple[Row, ...] = ()
    focused: bool = False
    children: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one element, from top to bottom."""

    kind: Kind
    lines: tuple[TextLine, ...]


def lines_of(root: Element, window: Box) -> tuple[TextLine, ...] | None:
    """The text of a window in reading order, None if it isn't enough; `window` is where the screen shows `root`."""
    place = fitting(root.box, window)
    if any(_covers(place(box), window) for box in _blanks(root, 0)):
        return None
    blocks = [block for block in _blocks(root, "", focused=False, depth=0) if block.lines]
    seen = [placed for block in blocks if (placed := _placed(block, place, window)).lines]
    words = sum(len(line.text.replace(" ", "")) for block in seen if block.kind is Kind.WORDS for line in block.lines)
    if words < LEAST_WORDS:
        return None
    return tuple(shortened([line for block in in_reading_order(seen) for line in block.lines]))


def rows_in(text: str, box: Box) -> tuple[Row, ...]:
    """The lines of `text`, as if they filled `box` evenly."""
    lines = text.split("\n")
    edges = [box.top + box.height * number // len(lines) for number in range(len(lines) + 1)]
    return tuple(
        (line, Box(box.left, top, box.width, bottom - top))
        for line, top, bottom in zip(lines, edges, edges[1:], strict=False)
    )


def fitting(told: Box, shown: Box) -> Callable[[Box], Box]:
    """What turns an application's coordinates into the screen's, from how both see the same window.

    They differ where the application counts in device-independent px, or from the corner of its window (Wayland).
    Where the shapes differ (one counts the window manager's border and the other doesn't), the application is believed.
    """
    if not told or not shown:
        return lambda box: box
    across, down = shown.width / told.width, shown.height / told.height
    if abs(across / down - 1) > SAME_SHAPE:
        return lambda box: box

    def place(box: Box) -> Box:
        left, right = (round((x - told.left) * across) + shown.left for x in (box.left, box.right))
        top, bottom = (round((y - told.top) * down) + shown.top for y in (box.top, box.bottom))
        return Box(left, top, right - left, bottom - top)

    return place


def cleaned(text: str) -> str:
    """One line without control characters, its indentation kept."""
    spaced = (" " if letter.isspace() else letter for letter in text[:LONGEST_LINE].expandtabs(4))
    return "".join(letter for letter in spaced if letter.isprintable() or letter in JOINERS).rstrip()


def in_reading_order(blocks: Iterable[_Block]) -> list[_Block]:
    """From top to bottom, and from left to right where first lines are beside each other; no block is torn apart."""
    ordered: list[_Block] = []
    row: list[_Block] = []
    for block in sorted(blocks, key=lambda block: block.lines[0].box.top):
        first = block.lines[0].box
        if row and first.top + first.height // 2 >= row[0].lines[0].box.bottom:
            ordered += sorted(row, key=_left)
            row = []
        row.append(block)
    return ordered + sorted(row, key=_left)


def shortened(lines: Sequence[TextLine]) -> Iterator[TextLine]:
    """As many lines as we take in, in their order; those that have the keyboard come before others."""
    budget = MOST_CHARACTERS
    kept: set[int] = set()
    for number in sorted(range(len(lines)), key=lambda number: not lines[number].focused):
        budget -= len(lines[number].text)
        if budget < 0:
            break
        kept.add(number)
    return (line for number, line in enumerate(lines) if number in kept)


def _left(block: _Block) -> int:
    return block.lines[0].box.left


def _covers(box: Box, window: Box) -> bool:
    shared = box.cut(window)
    return shared.width * shared.height > window.width * window.height * BLANK_SHARE


def _blanks(element: Element, depth: int) -> Iterator[Box]:
    """Where there is something that says nothing: pictures, and what an application paints without telling."""
    if element.kind is Kind.PLACE and not element.rows and not element.children:
        yield element.box
    elif element.kind is Kind.PLACE and depth < DEEPEST:
        for child in element.children:
            yield from _blanks(child, depth + 1)


def _blocks(element: Element, said: str, *, focused: bool, depth: int) -> Iterator[_Block]:
    """The blocks in an element; `said` is what the elements around it have told already."""
    if element.kind is Kind.SECRET or depth > DEEPEST:
        return
    focused = focused or element.focused
    rows = _inlined(element)
    own = "\n".join(text for text, _ in rows)
    if own and own not in said:
        lines = tuple(TextLine(text, box, focused) for text, box in rows)
        yield _Block(element.kind, lines)
        said = f"{said}\n{own}"
    for child in element.children:
        yield from _blocks(child, said, focused=focused, depth=depth + 1)


def _inlined(element: Element) -> list[Row]:
    """Its own rows, clean, with the text of embedded elements (links in a sentence) where it stands in them."""
    rows = element.rows
    if any(text.replace(PLACEHOLDER, "").strip() for text, _ in rows):
        embedded = iter(element.children)
        rows = tuple((_filled(text, embedded), box) for text, box in rows)
    clean = ((cleaned(text.replace(PLACEHOLDER, " ")), box) for text, box in rows)
    return [(text, box) for text, box in clean if text.strip()]


def _filled(text: str, embedded: Iterator[Element]) -> str:
    pieces = text.split(PLACEHOLDER)
    filled = [f"{piece}{_spoken(next(embedded, None))}" for piece in pieces[:-1]]
    return "".join([*filled, pieces[-1]])


def _spoken(element: Element | None) -> str:
    """The text of an element in the middle of another's; blocks have their own lines instead."""
    if element is None or element.kind is Kind.SECRET or len(element.rows) != 1:
        return " "
    return element.rows[0][0].replace(PLACEHOLDER, " ")


def _placed(block: _Block, place: Callable[[Box], Box], window: Box) -> _Block:
    """The same block on the screen, as far as the window shows it."""
    cut = (replace(line, box=place(line.box).cut(window)) for line in block.lines)
    return replace(block, lines=tuple(line for line in cut if line.box))
