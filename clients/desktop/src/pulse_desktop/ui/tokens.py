"""The colours and measures of the design, light and dark. No Qt."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Colours as `#rrggbb`. `soft` colours are backgrounds of badges; `series`: of lines."""

    is_dark: bool
    bg: str
    side: str
    surface: str
    track: str
    field: str
    border: str
    strong: str
    fg: str
    fg2: str
    fg3: str
    accent: str
    accent_soft: str
    on_accent: str
    ok: str
    ok_soft: str
    ok_fill: str
    warn: str
    warn_soft: str
    warn_fill: str
    crit: str
    crit_soft: str
    crit_fill: str
    series: tuple[str, ...]

    def of_tone(self, tone: str) -> str:
        """The text colour of a tone."""
        return {"ok": self.ok, "accent": self.accent, "warn": self.warn, "crit": self.crit}.get(tone, self.fg3)

    def fill_of_tone(self, tone: str) -> str:
        """The colour of a dot or a bar in a tone."""
        fills = {"ok": self.ok_fill, "accent": self.accent, "warn": self.warn_fill, "crit": self.crit_fill}
        return fills.get(tone, self.fg3)


LIGHT = Tokens(
    is_dark=False,
    bg="#f4f6fa",
    side="#ffffff",
    surface="#ffffff",
    track="#eef2f8",
    field="#ffffff",
    border="#dfe4ee",
    strong="#cbd3e1",
    fg="#131a29",
    fg2="#566178",
    fg3="#646e86",
    accent="#1f5fe0",
    accent_soft="#e6eefe",
    on_accent="#ffffff",
    ok="#0a7a54",
    ok_soft="#ddf5eb",
    ok_fill="#0e9f6e",
    warn="#8f5c10",
    warn_soft="#fcf1d8",
    warn_fill="#d97706",
    crit="#b9252f",
    crit_soft="#fde7e8",
    crit_fill="#d92d3a",
    series=("#1f5fe0", "#d97706", "#0e9f6e", "#7c3aed", "#0891b2", "#db2777"),
)
DARK = Tokens(
    is_dark=True,
    bg="#0e1320",
    side="#0b0f1a",
    surface="#151c2c",
    track="#1b2436",
    field="#0f1626",
    border="#232d42",
    strong="#33405c",
    fg="#e7ecf5",
    fg2="#93a0b8",
    fg3="#7c89a3",
    accent="#4c8dff",
    accent_soft="#1b2a4a",
    on_accent="#0b0f1a",
    ok="#34d298",
    ok_soft="#12332c",
    ok_fill="#34d298",
    warn="#fbbf24",
    warn_soft="#3a2f12",
    warn_fill="#fbbf24",
    crit="#f87171",
    crit_soft="#3c1d22",
    crit_fill="#f87171",
    series=("#4c8dff", "#fbbf24", "#34d298", "#a78bfa", "#22d3ee", "#f472b6"),
)
