"""`pulse-collector quarantine`: readings that the gateway refused or never acknowledged."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from pulse_desktop.cli.terminal import FAILED, OK, complain, confirm, moment, progress, say, table
from pulse_desktop.core.storage.inspection import Inspection, QuarantinedReading, clear_quarantine


def show(folder: Path, *, as_json: bool, limit: int) -> int:
    """`quarantine list`: counts by reason, and the newest `limit` readings. Raises NoBufferError, StoreFailure."""
    with Inspection.at(folder) as inspection:
        found = list(inspection.quarantine())
    newest = found[len(found) - limit :] if limit < len(found) else found
    if as_json:
        say(json.dumps([asdict(one) for one in newest]))
        return OK
    rows = [
        (moment(one.at), one.code, one.series, moment(one.t), _plain(one), str(one.epoch), str(one.seq), one.detail)
        for one in newest
    ]
    head = ("quarantined", "code", "series", "taken", "value", "epoch", "seq", "detail")
    codes = ", ".join(f"{n:,} {code}" for code, n in sorted(Counter(one.code for one in found).items()))
    say(
        *(table(head, rows) if rows else []), f"{len(found):,} readings in quarantine" + (f": {codes}" if codes else "")
    )
    if len(newest) < len(found):
        complain(f"only the newest {len(newest)} are listed: use --limit, or `quarantine export` for all")
    return OK


def export(folder: Path, output: Path | None) -> int:
    """`quarantine export`: writes every reading as JSON lines. Raises NoBufferError, StoreFailure, OSError."""
    with Inspection.at(folder) as inspection:
        total = inspection.counts()["quarantined"]
        out = sys.stdout if output is None else output.open("x", encoding="utf-8")
        n = 0
        try:
            with progress("exporting", total) as done:
                for one in inspection.quarantine():
                    n += 1
                    out.write(json.dumps({**asdict(one), "value": _plain(one)}) + "\n")
                    done(1)
        finally:
            if out is not sys.stdout:
                out.close()
    complain(f"{n:,} readings exported")
    return OK


def clear(folder: Path, *, is_sure: bool) -> int:
    """`quarantine clear`: deletes every reading, after a confirmation. Raises NoBufferError, StoreFailure."""
    with Inspection.at(folder) as inspection:
        total = inspection.counts()["quarantined"]
    if total and not is_sure and not confirm(f"Delete {total:,} quarantined readings permanently?"):
        complain("nothing was deleted (use --yes to skip the question)")
        return FAILED
    say(f"{clear_quarantine(folder):,} readings deleted")
    return OK


def _plain(one: QuarantinedReading) -> str:
    """The value in decimal. Floats are stored in hexadecimal; their decimal `repr` is exact too."""
    if "0x" in one.value or one.value in {"nan", "inf", "-inf"}:
        return repr(float.fromhex(one.value))
    return one.value.lower()
