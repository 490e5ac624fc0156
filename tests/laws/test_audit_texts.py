"""The audit page has a text for every kind of entry that a service writes. Other entries would show a raw name."""

import json
from pathlib import Path

import pytest

from tests.laws.audit_kinds import KindFinder, UnknownKind
from tests.system import ROOT

SOURCES = [*sorted((ROOT / "services").glob("*/src")), ROOT / "libs/chassis/src"]
MESSAGES = ROOT / "clients/web/src/messages"


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_audit_entry_has_a_text(language: str) -> None:
    texts = set(json.loads((MESSAGES / language / "audit.json").read_text())["kinds"])
    kinds = {kind for source in SOURCES for kind in KindFinder(source).kinds()}
    assert sorted(kinds - texts) == []
    assert len(kinds) > 80
    assert {"signed_in", "collector_conflict", "dashboard_deleted", "invitation_created", "access_refused"} <= kinds


def test_the_finder_follows_parameters_conditions_and_constants(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "KIND = 'by_constant'\n"
        "def entry(target, kind):\n"
        "    return AuditEntry(kind, target)\n"
        "class Actions:\n"
        "    def act(self, is_new):\n"
        "        self._record('by_method')\n"
        "        chosen = 'by_choice' if is_new else KIND\n"
        "        self._record(kind=chosen)\n"
        "    def _record(self, kind):\n"
        "        return entry(1, kind)\n"
    )
    (tmp_path / "b.py").write_text("entry(2, 'by_function')\n")
    assert KindFinder(tmp_path).kinds() == {"by_constant", "by_method", "by_choice", "by_function"}


@pytest.mark.parametrize("kind", ["row['kind']", "f'{word}_created'", "unknown", "named.kind"])
def test_a_kind_that_cannot_be_followed_is_an_error(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.py").write_text(f"def record(row):\n    return AuditEntry({kind})\n")
    with pytest.raises(UnknownKind):
        KindFinder(tmp_path).kinds()
