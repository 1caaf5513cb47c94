"""The style sheet of fields that only ordinary windows have: numbers, choices, sliders, lists."""

from __future__ import annotations

from string import Template

from alisa_desktop.ui.theme import Theme

TEMPLATE = Template("""
QListView, QListWidget { outline: none; }
QListView::item { padding: 6px ${space_s}px; }

QTreeView { outline: none; show-decoration-selected: 1; }
QTreeView::item { padding: 6px ${space_s}px; border-radius: 0; }
QTreeView::item:disabled { color: $muted; background: transparent; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
    background: transparent; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 5px 11px; font-size: ${font_small}pt;
}
QSplitter::handle { background: transparent; }

QLineEdit[ring="true"] { border: 2px solid $focus; padding: 4px 6px; }

QSpinBox, QComboBox {
    background: $raised; color: $text; border: 1px solid $border; border-radius: ${radius_small}px; padding: 5px 7px;
    selection-background-color: $selection; selection-color: $on_selection;
}
QSpinBox:focus, QComboBox:focus { border: 2px solid $focus; padding: 4px 6px; }
QSpinBox QLineEdit { background: transparent; border: none; padding: 0 ${space_s}px; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }
QComboBox { padding-right: 26px; min-width: 120px; }
QComboBox:focus { padding-right: 25px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox QAbstractItemView { background: $raised; color: $text; border: 1px solid $border; border-radius: 0; }

QSlider { min-height: 26px; border: 2px solid transparent; border-radius: 6px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $border; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
    width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; background: $button; border: none;
}
QSlider:focus { border-color: $focus; }
""")


def field_stylesheet(theme: Theme) -> str:
    """The part of a window's style sheet that dresses its fields."""
    return TEMPLATE.substitute({name: getattr(theme, name) for name in Theme.__dataclass_fields__})
