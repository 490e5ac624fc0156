"""Failed offline sign-ins, per account and per unknown e-mail alike. The counters survive restarts."""

import math
from typing import Final

from pulse_desktop.core.mirror.database import Database, Rows

FREE: Final = 5
"""Attempts without a delay."""
MAX_DELAY: Final = 900
"""Longest delay in seconds."""
MAX_UNKNOWN: Final = 10_000
"""Maximum number of unknown e-mails that are counted. The oldest ones are deleted."""
_UNKNOWN: Final = "email:"


def delay(failures: int) -> int:
    """The seconds to wait after this many failures in a row: 0 for the first four, then 1, 2, 4, … up to 900."""
    if failures < FREE:
        return 0
    return min(MAX_DELAY, 1 << min(failures - FREE, 10))


class Attempts:
    """The counters of one state directory. `subject`: `account:<id>`, or `email:<tag>` for an unknown e-mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, subject: str, elapsed: int) -> int:
        """Counts an attempt as failed before the password is checked, so that ending the process does not undo it.
        Returns 0, or the seconds to wait; the attempt is then not counted and must not be made. `elapsed`:
        microseconds."""
        async with self._database.transaction() as rows:
            row = await rows.one("SELECT failures, locked_until FROM attempt WHERE subject = ?", subject)
            failures, locked_until = (0, 0) if row is None else (int(row[0]), int(row[1]))
            wait = min(locked_until - elapsed, MAX_DELAY * 1_000_000)
            if wait > 0:
                return math.ceil(wait / 1e6)
            failures += 1
            await rows.run(
                "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?)",
                *(subject, failures, elapsed + delay(failures) * 1_000_000, elapsed),
            )
            if subject.startswith(_UNKNOWN):
                await _trim(rows)
        return 0

    async def clear(self, rows: Rows, subject: str) -> None:
        """Forgets the failures after a sign-in, in the running transaction."""
        await rows.run("DELETE FROM attempt WHERE subject = ?", subject)


async def _trim(rows: Rows) -> None:
    await rows.run(
        """DELETE FROM attempt WHERE subject IN (
               SELECT subject FROM attempt WHERE subject LIKE 'email:%' ORDER BY at DESC LIMIT -1 OFFSET ?
           )""",
        MAX_UNKNOWN,
    )
