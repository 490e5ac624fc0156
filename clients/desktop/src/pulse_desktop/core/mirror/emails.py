"""Finds e-mails that a second account uses. E-mails are compared by their keyed tags (`cipher`)."""

import json
from collections.abc import Sequence
from typing import Final

from pulse_desktop.core.mirror import conflicts
from pulse_desktop.core.mirror.conflicts import Conflict
from pulse_desktop.core.mirror.database import Rows

MAX_FORMER: Final = 1_000
"""Maximum number of e-mail tags of revoked accounts. The oldest ones are deleted."""


async def keep_former(rows: Rows, revoked: Sequence[str]) -> None:
    """Keeps the e-mail tags of accounts whose live records are about to be removed."""
    if not revoked:
        return
    await rows.run(
        """INSERT OR REPLACE INTO former_email (email_tag, account, ver)
           SELECT email_tag, account, ver FROM record
           WHERE email_tag IS NOT NULL AND account IN (SELECT value FROM json_each(?))""",
        json.dumps(list(revoked)),
    )
    await rows.run(
        """DELETE FROM former_email WHERE email_tag IN (
               SELECT email_tag FROM former_email ORDER BY ver DESC LIMIT -1 OFFSET ?
           )""",
        MAX_FORMER,
    )


async def report_reused(rows: Rows, changed: Sequence[str] | None, at: int) -> None:
    """Records a conflict for each e-mail that a changed live record shares with another account: one that is live, or
    one that was revoked before. Each pair of accounts is recorded once. `changed`: accounts; None: all.

    `+r.state`: not by the index of states, which would read every live record for one changed account."""
    is_changed = "" if changed is None else "AND r.account IN (SELECT value FROM json_each(?1))"
    found = await rows.fetch(
        f"""SELECT r.account, r.ver, o.account, o.ver, 1 FROM record AS r
            JOIN record AS o ON o.email_tag = r.email_tag AND o.state = 'live' AND o.account <> r.account
            WHERE +r.state = 'live' {is_changed}
            UNION ALL
            SELECT r.account, r.ver, f.account, f.ver, 0 FROM record AS r
            JOIN former_email AS f ON f.email_tag = r.email_tag AND f.account <> r.account
            WHERE +r.state = 'live' {is_changed}
            ORDER BY 1 LIMIT 1000""",  # noqa: S608  # constants
        *([] if changed is None else [json.dumps(list(changed))]),
    )
    for account, ver, other, other_ver, is_hidden in found:
        if is_hidden:
            (before, older), (after, newer) = sorted([(ver, account), (other_ver, other)])
            conflict = Conflict("email_reused", "newer_account_signs_in", newer, older, before, after)
        else:
            conflict = Conflict("email_reused", "older_account_stays_revoked", account, other, other_ver, ver)
        await conflicts.record(rows, at, conflict, once=True)
