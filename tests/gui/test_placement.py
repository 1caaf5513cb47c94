"""The bubble beside the avatar: on the screen, never over her while there is room, whatever the desktop looks like."""

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize

from alisa_desktop.ui.placement import GAP, Side, beside, clear_of, screen_for

screens = st.builds(
    QRect, st.integers(-8000, 8000), st.integers(-8000, 8000), st.integers(120, 6000), st.integers(100, 4000)
)
avatars = st.builds(
    QRect, st.integers(-9000, 9000), st.integers(-9000, 9000), st.integers(40, 480), st.integers(40, 480)
)
sizes = st.builds(QSize, st.integers(60, 900), st.integers(60, 2000))
sides = st.sampled_from(Side)


@given(avatars, sizes, screens, sides)
def test_bubble_is_never_off_the_screen(avatar: QRect, size: QSize, screen: QRect, prefer: Side):
    assert screen.contains(beside(avatar, size, screen, prefer).rect)


@given(avatars, sizes, screens, sides)
def test_bubble_keeps_its_size_unless_the_screen_is_smaller(avatar: QRect, size: QSize, screen: QRect, prefer: Side):
    rect = beside(avatar, size, screen, prefer).rect
    assert rect.width() == min(size.width(), screen.width())
    assert rect.height() == min(size.height(), screen.height())


@given(avatars, sizes, screens, sides)
def test_tail_begins_on_the_bubble(avatar: QRect, size: QSize, screen: QRect, prefer: Side):
    place = beside(avatar, size, screen, prefer)
    assert 0 <= place.tail <= place.rect.height()


@st.composite
def roomy_desktops(draw: st.DrawFn) -> tuple[QRect, QSize, QRect]:
    """An avatar inside of a screen that is wide enough for the bubble on one side of her."""
    size = QSize(draw(st.integers(60, 500)), draw(st.integers(60, 900)))
    screen = QRect(draw(st.integers(-8000, 8000)), draw(st.integers(-8000, 8000)), draw(st.integers(1500, 4000)), 1000)
    x = draw(st.integers(0, screen.width() - 400))
    y = draw(st.integers(0, screen.height() - 400))
    return QRect(screen.x() + x, screen.y() + y, 400, 400), size, screen


@given(roomy_desktops(), sides)
def test_bubble_does_not_cover_the_avatar_while_there_is_room(desktop: tuple[QRect, QSize, QRect], prefer: Side):
    avatar, size, screen = desktop
    rect = beside(avatar, size, screen, prefer).rect
    covered = rect.intersected(avatar)
    assert covered.width() <= -GAP  # no more than the empty rims


@given(avatars, sizes, screens, sides)
def test_placing_again_changes_nothing(avatar: QRect, size: QSize, screen: QRect, prefer: Side):
    first = beside(avatar, size, screen, prefer)
    assert beside(avatar, size, screen, first.side) == first


@given(avatars, st.lists(screens, min_size=1, max_size=4))
def test_screen_is_the_one_that_holds_her(avatar: QRect, areas: list[QRect]):
    chosen = screen_for(avatar, areas)
    holding = [area for area in areas if area.contains(avatar.center())]
    assert chosen in (holding or areas)


def test_prefers_the_side_it_is_on():
    avatar, size, screen = QRect(900, 500, 200, 240), QSize(360, 200), QRect(0, 0, 1920, 1080)
    assert beside(avatar, size, screen, Side.LEFT).side is Side.LEFT
    assert beside(avatar, size, screen, Side.RIGHT).side is Side.RIGHT


def test_flips_at_the_edge():
    size, screen = QSize(360, 200), QRect(0, 0, 1920, 1080)
    assert beside(QRect(20, 700, 200, 240), size, screen, Side.LEFT).side is Side.RIGHT
    assert beside(QRect(1700, 700, 200, 240), size, screen, Side.RIGHT).side is Side.LEFT


def test_works_left_of_the_primary_screen():
    place = beside(QRect(-300, 700, 200, 240), QSize(360, 200), QRect(-1920, 0, 1920, 1080), Side.LEFT)
    assert place.rect == QRect(-300 - GAP - 360, place.rect.y(), 360, 200)


def test_growing_keeps_the_input_line_where_it_is():
    avatar, screen = QRect(1600, 700, 200, 240), QRect(0, 0, 1920, 1080)
    small = beside(avatar, QSize(360, 160), screen, Side.LEFT)
    large = beside(avatar, QSize(360, 500), screen, Side.LEFT)
    assert small.rect.bottom() == large.rect.bottom()
    assert small.rect.y() + small.tail == large.rect.y() + large.tail


def test_no_screen_holds_her_takes_the_nearest():
    left, right = QRect(0, 0, 1000, 800), QRect(1000, 0, 1000, 800)
    assert screen_for(QRect(2100, 100, 100, 100), [left, right]) == right


@given(avatars, sizes, screens)
def test_a_window_opens_on_the_screen_and_clear_of_her_where_there_is_room(avatar: QRect, size: QSize, screen: QRect):
    size = size.boundedTo(screen.size())
    window = QRect(clear_of(avatar, size, screen), size)
    assert screen.contains(window)
    room = max(avatar.left() - screen.left(), screen.right() - avatar.right())
    assert not window.intersects(avatar) or room < size.width()


def test_a_window_opens_in_the_middle_where_nothing_is_in_the_way():
    corner = clear_of(QRect(1000, 700, 192, 240), QSize(400, 300), QRect(0, 0, 1280, 800))
    assert (corner.x(), corner.y()) == (439, 249)
