"""What the window remembers in `window.json` of the state directory. No secrets. A damaged file is ignored."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE: Final = "window.json"


class Remembered(BaseModel):
    """`series`: names of the series on the dashboard; empty for the first ones."""

    model_config = ConfigDict(extra="ignore", validate_assignment=True)

    width: int = Field(default=1280, ge=640, le=16_384)
    height: int = Field(default=800, ge=480, le=16_384)
    page: str = "dashboard"
    span: str = "5m"
    theme: str = "system"
    language: str = "system"
    series: list[str] = Field(default_factory=list, max_length=64)

    @classmethod
    def load(cls, folder: Path) -> "Remembered":
        """What was saved last; the defaults if there is nothing readable."""
        try:
            return cls.model_validate_json((folder / FILE).read_text("utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return cls()

    def save(self, folder: Path) -> None:
        """Replaces the file. Raises OSError."""
        fresh = folder / f"{FILE}.new"
        fresh.write_text(self.model_dump_json(), "utf-8")
        fresh.replace(folder / FILE)
