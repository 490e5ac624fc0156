"""The style sheet and the palette that follow from the tokens."""

from PySide6.QtGui import QColor, QPalette

from pulse_desktop.ui.tokens import Tokens

_SHEET = """
* {{ font-size: 13px; color: {fg}; }}
QWidget#window, QWidget#page, QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: {bg}; border: none; }}
QLabel {{ background: transparent; }}
QWidget#side {{ background: {side}; border-right: 1px solid {border}; }}
QWidget#status {{ background: {side}; border-top: 1px solid {border}; }}
QWidget#status QLabel {{ font-size: 12px; color: {fg2}; }}
QFrame#divider {{ background: {border}; }}
QFrame#card {{ background: {surface}; border: 1px solid {border}; border-radius: 12px; }}
QLabel[role="brand"] {{ font-size: 16px; font-weight: 700; }}
QLabel[role="heading"] {{ font-size: 20px; font-weight: 700; }}
QLabel[role="title"] {{ font-size: 14px; font-weight: 600; }}
QLabel[role="figure"] {{ font-size: 26px; font-weight: 600; }}
QLabel[role="value"] {{ font-size: 20px; font-weight: 600; }}
QLabel[role="label"] {{ color: {fg2}; }}
QLabel[role="unit"] {{ color: {fg2}; font-size: 12px; }}
QLabel[role="meta"] {{ color: {fg3}; font-size: 12px; }}
QLabel[role="section"] {{ color: {fg3}; font-size: 11px; font-weight: 600; }}
QLabel[tone="ok"] {{ color: {ok}; }}
QLabel[tone="accent"] {{ color: {accent}; }}
QLabel[tone="warn"] {{ color: {warn}; }}
QLabel[tone="crit"] {{ color: {crit}; }}
QLabel#badge {{ font-size: 12px; font-weight: 600; border-radius: 10px; padding: 0 10px;
  background: {track}; color: {fg2}; }}
QLabel#badge[tone="ok"] {{ background: {ok_soft}; color: {ok}; }}
QLabel#badge[tone="accent"] {{ background: {accent_soft}; color: {accent}; }}
QLabel#badge[tone="warn"] {{ background: {warn_soft}; color: {warn}; }}
QLabel#badge[tone="crit"] {{ background: {crit_soft}; color: {crit}; }}
QFrame#banner {{ background: {crit_soft}; border: 1px solid {crit_fill}; border-radius: 8px; }}
QFrame#banner QLabel {{ color: {crit}; }}
QPushButton {{ background: {surface}; border: 1px solid {border}; border-radius: 8px; padding: 0 14px;
  min-height: 30px; font-weight: 600; }}
QPushButton:hover {{ background: {track}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:checked {{ background: {accent_soft}; border-color: {accent}; color: {accent}; }}
QPushButton:disabled {{ color: {fg3}; }}
QPushButton#icon {{ padding: 0; min-width: 36px; max-width: 36px; }}
QPushButton#navigation {{ background: transparent; border: 1px solid transparent; text-align: left; color: {fg2};
  min-height: 34px; padding: 0 12px; font-weight: 500; }}
QPushButton#navigation:hover {{ background: {track}; }}
QPushButton#navigation:checked {{ background: {accent_soft}; color: {fg}; font-weight: 600; }}
QPushButton#navigation:focus {{ border-color: {accent}; }}
QFrame#segments {{ background: {surface}; border: 1px solid {border}; border-radius: 8px; }}
QPushButton#segment {{ background: transparent; border: 1px solid transparent; border-radius: 6px; min-height: 22px;
  padding: 0 10px; color: {fg2}; }}
QPushButton#segment:checked {{ background: {accent_soft}; color: {fg}; }}
QPushButton#segment:focus {{ border-color: {accent}; }}
QLineEdit {{ background: {field}; border: 1px solid {strong}; border-radius: 8px; padding: 0 10px; min-height: 30px; }}
QLineEdit:focus {{ border-color: {accent}; }}
QComboBox {{ background: {field}; border: 1px solid {strong}; border-radius: 8px; padding: 0 28px 0 10px;
  min-height: 30px; }}
QComboBox:focus {{ border-color: {accent}; }}
QComboBox::drop-down {{ border: none; width: 0; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView, QMenu {{ background: {surface}; border: 1px solid {border};
  selection-background-color: {accent_soft}; selection-color: {fg}; }}
QMenu {{ padding: 6px; }}
QMenu::item {{ padding: 6px 24px; border-radius: 6px; }}
QMenu::item:selected {{ background: {accent_soft}; }}
QProgressBar {{ background: {track}; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 4px; }}
QProgressBar[tone="warn"]::chunk {{ background: {warn_fill}; }}
QProgressBar[tone="crit"]::chunk {{ background: {crit_fill}; }}
QTableWidget {{ background: {surface}; border: none; gridline-color: transparent; }}
QTableWidget::item {{ border-bottom: 1px solid {border}; padding: 0 6px; }}
QHeaderView, QHeaderView::section {{ background: {surface}; border: none; }}
QHeaderView::section {{ color: {fg3}; font-size: 11px; font-weight: 600; border-bottom: 1px solid {border};
  padding: 0 6px; min-height: 28px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar::handle:vertical {{ background: {strong}; border-radius: 4px; min-height: 32px; margin: 1px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QToolTip {{ background: {surface}; color: {fg}; border: 1px solid {border}; padding: 4px; }}
"""


def sheet(tokens: Tokens) -> str:
    """The style sheet of the whole application."""
    return _SHEET.format_map(vars(tokens))


def palette(tokens: Tokens) -> QPalette:
    """The palette for what a style sheet does not reach."""
    made = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, tokens.bg),
        (roles.WindowText, tokens.fg),
        (roles.Base, tokens.surface),
        (roles.AlternateBase, tokens.track),
        (roles.Text, tokens.fg),
        (roles.Button, tokens.surface),
        (roles.ButtonText, tokens.fg),
        (roles.ToolTipBase, tokens.surface),
        (roles.ToolTipText, tokens.fg),
        (roles.Highlight, tokens.accent),
        (roles.HighlightedText, tokens.on_accent),
        (roles.PlaceholderText, tokens.fg3),
    ):
        made.setColor(role, QColor(colour))
    return made
