"""The style sheets of the windows and of the bubble, as templates that `theme` fills with one look."""

from __future__ import annotations

from string import Template

WINDOW = Template("""
QWidget { color: $text; font-size: ${font_body}pt; }
QDialog, QMainWindow, QWidget[window="true"] { background: $window; }
QToolTip { color: $text; background: $raised; border: 1px solid $border; padding: ${space_xs}px; }

QLabel { background: transparent; }
QLabel[muted="true"] { color: $muted; font-size: ${font_small}pt; }
QLabel[title="true"] { font-size: ${font_title}pt; font-weight: 600; }
QLabel[danger="true"] { color: $danger; }
QLabel[name="true"] { font-weight: 600; }
QLabel[mark="true"] {
    color: $link; border: 1px solid $border; border-radius: 9px; padding: 1px 8px; font-size: ${font_small}pt;
}

QGroupBox { background: transparent; border: none; margin-top: ${space_xl}px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 0 0 ${space_xs}px 0; }
QFrame[card="true"] { background: $raised; border: 1px solid $border; border-radius: ${radius}px; }
QFrame[finding="true"] { border: 2px solid transparent; border-radius: ${radius_small}px; }
QFrame[finding="true"]:focus { border-color: $focus; }

QLineEdit, QPlainTextEdit, QTextEdit, QTextBrowser, QListView, QTreeView, QTableView {
    background: $raised; color: $text; border: 1px solid $border; border-radius: ${radius_small}px;
    placeholder-text-color: $muted; padding: 5px 7px;
    selection-background-color: $selection; selection-color: $on_selection;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QTextBrowser:focus, QListView:focus, QTreeView:focus,
QTableView:focus { border: 2px solid $focus; padding: 4px 6px; }
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled { color: $muted; background: $window; }

QListView::item, QTreeView::item { padding: ${space_xs}px ${space_s}px; border-radius: 6px; color: $text; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected { background: $selection; color: $on_selection; }

QPushButton, QToolButton {
    background: $raised; color: $text; border: 1px solid $border; border-radius: ${radius_small}px;
    padding: 6px 14px; outline: none;
}
QToolButton { padding: 6px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $user_fill; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $window; }
QPushButton[danger="true"] { color: $danger; }
QPushButton[danger="true"]:disabled { color: $muted; }
QPushButton[primary="true"] { background: $button; color: $on_button; border-color: $button; font-weight: 600; }
QPushButton:focus { border: 2px solid $focus; padding: 5px 13px; }
QToolButton:focus { border: 2px solid $focus; padding: 5px; }
QPushButton[primary="true"]:disabled { background: $window; color: $muted; border-color: $border; }
QPushButton[words="true"] {
    background: transparent; color: $link; border: none; border-radius: 0; padding: 1px 0; text-align: left;
    border-bottom: 2px solid transparent; font-size: ${font_small}pt;
}
QPushButton[words="true"]:hover { text-decoration: underline; }
QPushButton[words="true"]:disabled { color: $muted; }
QPushButton[words="true"]:focus { border-bottom-color: $focus; }
QFrame[bone="true"] { background: $hover; border: none; border-radius: 5px; }

QCheckBox, QRadioButton {
    background: transparent; spacing: ${space_s}px; border: 2px solid transparent; border-radius: 6px; padding: 2px;
    outline: none;
}
QCheckBox:focus, QRadioButton:focus { border-color: $focus; }

QTabWidget::pane { border: none; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $muted; padding: ${space_s}px ${space_m}px; border: 2px solid transparent;
    border-bottom-color: transparent;
}
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { border-color: $focus; border-radius: 6px; }

QMenu { background: $raised; color: $text; border: 1px solid $border; padding: ${space_xs}px; }
QMenu::item { padding: 6px 22px; border-radius: 6px; }
QMenu::item:selected { background: $selection; color: $on_selection; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: ${space_xs}px ${space_s}px; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: $border; border-radius: 3px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; border: none; width: 0; height: 0;
}

QProgressBar { background: $hover; border: none; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider:focus { border: 2px solid $focus; border-radius: 6px; }
""")

BUBBLE = Template("""
QWidget { color: $text; }
QToolTip { color: $text; background: $raised; border: 1px solid $border; padding: ${space_xs}px; }
QLabel { background: transparent; }
QLabel[muted="true"] { color: $muted; }
QScrollArea, QWidget#column { background: transparent; border: none; }
QScrollArea#transcript { border: 2px solid transparent; padding-left: 4px; border-radius: ${radius_small}px; }
QScrollArea#transcript:focus { border-color: $focus; }
QTextBrowser, QPlainTextEdit {
    placeholder-text-color: $muted;
    background: transparent; border: none; padding: 0;
    selection-background-color: $selection; selection-color: $on_selection;
}
QFrame#code { background: $code_fill; border: 1px solid $border; border-radius: ${radius_small}px; }
QFrame#code QLabel { color: $muted; border: none; }

QToolButton {
    background: transparent; color: $muted; border: 2px solid transparent; border-radius: ${radius_small}px;
    padding: 0; outline: none;
}
QToolButton:hover, QToolButton:checked { background: $hover; color: $text; }
QToolButton:pressed { background: $user_fill; }
QToolButton:focus { border-color: $focus; }
QToolButton#chip {
    background: $user_fill; color: $text; border-radius: 11px; padding: 1px 9px; font-weight: 600;
}
QToolButton#chip::menu-indicator { image: none; width: 0; }
QToolButton#chip:hover { background: $selection; color: $on_selection; }
QToolButton#chip:focus { border-color: $focus; }
QToolButton[words="true"] { color: $link; padding: 2px 0; }
QToolButton#send { background: $accent; border-radius: 15px; }
QToolButton#send:hover { background: $button; }
QToolButton#send:disabled { background: $hover; }
QToolButton#send:focus { border-color: $focus; }

QPushButton {
    background: $raised; color: $text; border: 1px solid $border; border-radius: ${radius_small}px;
    padding: 5px 12px; outline: none;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $user_fill; }
QPushButton:focus { border: 2px solid $focus; padding: 4px 11px; }
QPushButton#newWords { border-radius: 13px; padding: 4px 14px; }
QPushButton#newWords:focus { border: 2px solid $focus; padding: 3px 13px; }

QMenu { background: $raised; color: $text; border: 1px solid $border; padding: ${space_xs}px; }
QMenu::item { padding: 6px 22px; border-radius: 6px; }
QMenu::item:selected { background: $selection; color: $on_selection; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: ${space_xs}px ${space_s}px; }

QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 3px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; border: none; width: 0; height: 0;
}
QProgressBar { background: $hover; border: none; border-radius: 2px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
""")
