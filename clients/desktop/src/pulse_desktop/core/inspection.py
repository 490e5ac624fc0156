"""A look at a buffer's file from outside, read-only, while a collector may be running on it. SQL only."""

import sqlite3
from pathlib import Path


def count_waiting(path: Path) -> dict[str, int]:
    """`waiting` and `quarantined` of a buffer; changes nothing. Raises sqlite3.Error."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        row = db.execute(
            "SELECT (SELECT coalesce(sum(hi - lo), 0) FROM block) - (SELECT coalesce(sum(hi - lo), 0) FROM gone), "
            "(SELECT count(*) FROM quarantine)"
        ).fetchone()
        return {"waiting": row[0], "quarantined": row[1]}
    finally:
        db.close()
