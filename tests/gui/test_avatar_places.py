"""Places on screens that come and go."""

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect, QSize

from alisa_desktop.ui.places import Area, Places, clamp

SIZE = QSize(190, 240)
MAIN = Area("main", QRect(0, 0, 1920, 1040))
SIDE = Area("side", QRect(1920, -200, 1280, 1024))
numbers = st.integers(-10_000, 10_000)


@given(numbers, numbers)
def test_clamped_she_is_always_inside(x: int, y: int) -> None:
    assert SIDE.rect.contains(QRect(clamp(QPoint(x, y), SIZE, SIDE.rect), SIZE))


def test_on_a_screen_that_is_too_small_her_corner_is_seen() -> None:
    small = QRect(10, 20, 100, 100)
    assert clamp(QPoint(500, 500), SIZE, small) == small.topLeft()


def test_a_lost_monitor_brings_her_to_the_primary_and_back() -> None:
    places = Places()
    spot = places.remember(SIDE, QPoint(2000, 100))
    assert spot == QPoint(80, 300)
    assert places.find(SIZE, [MAIN, SIDE]) == QPoint(2000, 100)
    assert MAIN.rect.contains(QRect(places.find(SIZE, [MAIN]), SIZE))
    assert places.find(SIZE, [MAIN, SIDE]) == QPoint(2000, 100)


def test_each_screen_has_its_own_place_and_the_last_choice_is_home() -> None:
    places = Places()
    places.remember(MAIN, QPoint(5, 6))
    places.remember(SIDE, QPoint(2000, 100))
    assert places.find(SIZE, [MAIN]) == QPoint(5, 6)
    places.remember(MAIN, QPoint(7, 8))
    assert places.find(SIZE, [MAIN, SIDE]) == QPoint(7, 8)


def test_a_screen_that_moved_takes_her_along() -> None:
    places = Places()
    places.remember(SIDE, QPoint(2000, 100))
    moved = Area("side", SIDE.rect.translated(-3000, 300))
    assert places.find(SIZE, [MAIN, moved]) == QPoint(-1000, 400)


def test_she_belongs_to_the_screen_with_most_of_her() -> None:
    assert Places.area_of(QRect(1900, 0, 190, 240), [MAIN, SIDE]) == SIDE
    assert Places.area_of(QRect(9000, 9000, 190, 240), [MAIN, SIDE]) == MAIN
