"""The look: two palettes, one style sheet. Fusion, explicit colours, nothing platform dependent."""

# ruff: noqa: E501 (a style sheet)
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

_ART = Path(__file__).resolve().parents[1] / "resources" / "theme"
FONT_PX = 13
SMALL_PX = 12


@dataclass(frozen=True)
class Theme:
    """Named colours. ``accent`` marks only what is selected or primary."""

    name: str
    window: str  # behind everything
    panel: str
    field: str  # text fields, lists
    raised: str  # buttons
    hover: str
    line: str
    text: str
    dim: str
    accent: str
    accent_hover: str
    on_accent: str
    selection: str  # quiet accent behind selected rows
    good: str
    warn: str
    bad: str
    video: str  # quiet hues of the timeline's lanes
    action: str
    memory: str


DARK = Theme(
    name="dark",
    window="#1b1c1f",
    panel="#232428",
    field="#1a1b1e",
    raised="#2f3136",
    hover="#393b41",
    line="#33353b",
    text="#e6e7ea",
    dim="#9a9da6",
    accent="#e8a04c",
    accent_hover="#f2b162",
    on_accent="#1b1408",
    selection="#4a3a24",
    good="#7fbf8e",
    warn="#e0b354",
    bad="#ef8377",
    video="#4a7fa8",
    action="#7d6fb0",
    memory="#4f9a86",
)

LIGHT = Theme(
    name="light",
    window="#e4e4e2",
    panel="#f3f3f1",
    field="#ffffff",
    raised="#e6e6e3",
    hover="#d9d9d5",
    line="#cbcbc6",
    text="#202124",
    dim="#5c5f66",
    accent="#a85a0c",
    accent_hover="#8f4b06",
    on_accent="#ffffff",
    selection="#f0dcc2",
    good="#2c7442",
    warn="#85600a",
    bad="#b3372a",
    video="#5d93bd",
    action="#8f80c2",
    memory="#4c9d88",
)

_current = DARK


def current() -> Theme:
    """The theme in use. Widgets that paint by hand read it in paintEvent."""
    return _current


def by_name(name: str) -> Theme:
    return LIGHT if name == "light" else DARK


def _qpalette(t: Theme) -> QPalette:
    p = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: t.panel,
        role.WindowText: t.text,
        role.Base: t.field,
        role.AlternateBase: t.panel,
        role.Text: t.text,
        role.Button: t.raised,
        role.ButtonText: t.text,
        role.BrightText: t.bad,
        role.Highlight: t.selection,
        role.HighlightedText: t.text,
        role.ToolTipBase: t.raised,
        role.ToolTipText: t.text,
        role.PlaceholderText: t.dim,
        role.Link: t.accent,
        role.LinkVisited: t.accent,
        role.Light: t.hover,
        role.Midlight: t.raised,
        role.Mid: t.line,
        role.Dark: t.line,
        role.Shadow: t.window,
        role.Accent: t.accent,
    }
    for key, value in colours.items():
        p.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        faded = QColor(t.dim)
        faded.setAlpha(150)
        p.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return p


def style_sheet(t: Theme) -> str:
    art = {name: (_ART / f"{name}-{t.name}.svg").as_posix() for name in ("up", "down", "check")}
    return f"""
QMainWindow, QMainWindow > QWidget#centre {{ background: {t.window}; }}
QMainWindow::separator {{ background: {t.window}; width: 5px; height: 5px; }}
QMainWindow::separator:hover {{ background: {t.accent}; }}
QDockWidget {{ color: {t.text}; }}
QStatusBar {{ background: {t.window}; color: {t.dim}; border-top: 1px solid {t.line}; }}
QStatusBar::item {{ border: none; }}
QMenuBar {{ background: {t.window}; padding: 2px 4px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {t.hover}; }}
QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: 5px; }}
QMenu::item {{ padding: 5px 26px 5px 12px; border-radius: 4px; }}
QMenu::icon {{ padding-left: 6px; }}
QMenu::icon:checked {{ background: {t.selection}; border: 1px solid {t.accent}; border-radius: 4px;
  padding: 2px; margin-left: 3px; }}
QMenu::item:selected {{ background: {t.hover}; }}
QMenu::item:disabled {{ color: {t.dim}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 5px 6px; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px 6px; }}

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit {{
  background: {t.field}; border: 1px solid {t.line}; border-radius: 4px; padding: 4px 7px; }}
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QKeySequenceEdit {{
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus
  {{ border-color: {t.accent}; }}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled,
QPlainTextEdit:disabled {{ color: {t.dim}; background: {t.panel}; }}
QComboBox {{ padding-right: 20px; combobox-popup: 0; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url("{art["down"]}"); width: 10px; height: 10px; }}
QAbstractSpinBox {{ padding: 4px 18px 4px 6px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
QAbstractSpinBox#plain {{ padding: 4px 4px 4px 6px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; background: transparent; width: 18px; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {t.hover}; }}
QAbstractSpinBox::up-arrow {{ image: url("{art["up"]}"); width: 8px; height: 8px; }}
QAbstractSpinBox::down-arrow {{ image: url("{art["down"]}"); width: 8px; height: 8px; }}
QAbstractSpinBox#plain::up-button, QAbstractSpinBox#plain::down-button {{ width: 0; }}
QAbstractSpinBox#plain::up-arrow, QAbstractSpinBox#plain::down-arrow {{ image: none; }}
QToolButton[verb="true"] {{ font-size: {SMALL_PX}px; padding: 3px 1px; }}
QComboBox QAbstractItemView {{ background: {t.panel}; border: 1px solid {t.line}; padding: 3px;
  selection-background-color: {t.hover}; selection-color: {t.text}; outline: none; }}

QPushButton, QToolButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 4px;
  padding: 5px 11px; color: {t.text}; }}
QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {t.line}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {t.accent}; outline: none; }}
QPushButton:disabled, QToolButton:disabled {{ color: {t.dim}; background: {t.panel}; }}
QPushButton:checked, QToolButton:checked {{ background: {t.selection}; border-color: {t.accent}; }}
QPushButton[primary="true"], QPushButton[barPrimary="true"] {{ background: {t.accent}; border-color: {t.accent};
  color: {t.on_accent}; font-weight: 600; padding: 8px 12px; }}
QPushButton[primary="true"]:hover, QPushButton[barPrimary="true"]:hover {{ background: {t.accent_hover}; border-color: {t.accent_hover}; }}
QPushButton[primary="true"]:focus, QPushButton[barPrimary="true"]:focus {{ border-color: {t.text}; }}
QPushButton[primary="true"]:disabled, QPushButton[barPrimary="true"]:disabled {{ background: {t.raised}; border-color: {t.line};
  color: {t.dim}; font-weight: 400; }}
QPushButton[barPrimary="true"] {{ padding: 5px 12px; }}
QToolButton {{ padding: 4px; }}
QToolButton[flat="true"], QPushButton[flat="true"] {{ background: transparent; border-color: transparent; }}
QToolButton[flat="true"]:hover, QPushButton[flat="true"]:hover {{ background: {t.hover}; }}
QToolButton[flat="true"]:focus, QPushButton[flat="true"]:focus {{ border-color: {t.accent}; }}
QToolButton::menu-indicator {{ image: none; }}

QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}

QTabWidget::pane {{ border: none; background: {t.panel}; }}
QTabWidget, QStackedWidget#page {{ background: {t.panel}; }}
QTabBar {{ background: {t.window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {t.dim}; padding: 7px 10px 6px 10px;
  border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:focus {{ color: {t.accent}; }}

QListView, QTreeView, QTableView {{ background: {t.panel}; border: none; outline: none; }}
QListView[framed="true"], QTableView[framed="true"], QTreeView[framed="true"] {{ background: {t.field};
  border: 1px solid {t.line}; border-radius: 4px; }}
QListView::item, QTreeView::item {{ border-radius: 4px; padding: 3px; }}
QListView::item:hover, QTreeView::item:hover {{ background: {t.hover}; }}
QListView::item:selected, QTreeView::item:selected {{ background: {t.selection}; color: {t.text}; }}
QHeaderView::section {{ background: {t.panel}; color: {t.dim}; border: none; padding: 4px 8px;
  border-bottom: 1px solid {t.line}; }}

QScrollArea {{ border: none; background: {t.panel}; }}
QScrollArea > QWidget > QWidget#body {{ background: {t.panel}; }}
QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
QScrollBar::handle {{ background: {t.hover}; border-radius: 3px; margin: 2px; min-height: 28px; min-width: 28px; }}
QScrollBar::handle:hover {{ background: {t.dim}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QProgressBar {{ background: {t.line}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
QSlider::groove:horizontal {{ height: 4px; background: {t.line}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.dim}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 14px; margin: -5px 0; border-radius: 7px; background: {t.text}; }}
QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
QSlider::handle:horizontal:disabled {{ background: {t.dim}; }}
QCheckBox, QRadioButton {{ spacing: 7px; }}
QCheckBox:focus, QRadioButton:focus {{ color: {t.accent}; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {t.dim}; border-radius: 3px; background: {t.field}; }}
QCheckBox::indicator:hover {{ border-color: {t.text}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; image: url("{art["check"]}"); }}
QCheckBox::indicator:disabled {{ border-color: {t.line}; }}
QRadioButton::indicator {{ width: 14px; height: 14px; border: 1px solid {t.dim}; border-radius: 8px; background: {t.field}; }}
QRadioButton::indicator:hover {{ border-color: {t.text}; }}
QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 5px solid {t.accent}; background: {t.on_accent}; }}

QLabel[role="dim"] {{ color: {t.dim}; font-size: {SMALL_PX}px; }}
QLabel[role="section"] {{ color: {t.dim}; font-size: {SMALL_PX}px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: 15px; font-weight: 600; }}
QLabel[role="display"] {{ font-size: 24px; font-weight: 600; }}
QLabel[role="good"] {{ color: {t.good}; }}
QLabel[role="warn"] {{ color: {t.warn}; }}
QLabel[role="bad"] {{ color: {t.bad}; }}
QFrame[role="rule"] {{ background: {t.line}; max-height: 1px; min-height: 1px; border: none; }}
QFrame[role="card"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 4px; }}
QFrame[role="bar"] {{ background: {t.panel}; border: none; border-bottom: 1px solid {t.line}; }}
QFrame[role="bar"][level="problem"] {{ border-left: 3px solid {t.bad}; }}
QFrame[role="bar"][level="warning"] {{ border-left: 3px solid {t.warn}; }}
QFrame[role="bar"][level="info"] {{ border-left: 3px solid {t.good}; }}
QFrame[role="bar"][level="draft"] {{ border-left: 3px solid {t.accent}; }}
QFrame[role="choice"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 4px; }}
QFrame[role="choice"]:hover {{ background: {t.raised}; border-color: {t.dim}; }}
QFrame[role="choice"][zone="true"] {{ background: {t.field}; border: 1px dashed {t.dim}; }}
QFrame[role="choice"]:focus {{ border: 1px solid {t.accent}; }}
QFrame[role="choice"][dropping="true"] {{ border: 1px dashed {t.accent}; background: {t.selection}; }}
"""


def tabular(font: QFont) -> QFont:
    """The same font with figures of one width, for timecode and times."""
    figures = QFont(font)
    try:
        figures.setFeature(QFont.Tag("tnum"), 1)
    except (AttributeError, TypeError):  # Qt below 6.7
        pass
    return figures


def apply(app: QApplication, name: str = "dark") -> Theme:
    """Dress the application in a theme; also changes a running one."""
    global _current
    _current = by_name(name)
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(FONT_PX)
    app.setFont(font)
    app.setPalette(_qpalette(_current))
    app.setStyleSheet(style_sheet(_current))
    return _current


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours."""

    def luminance(value: str) -> float:
        c = QColor(value)
        parts = [
            v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4
            for v in (c.redF(), c.greenF(), c.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
