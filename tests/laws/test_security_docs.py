"""Every test and file that the table of security requirements names exists."""

import re

from tests.system import ROOT

TABLE = ROOT / "docs/security/asvs.md"


def test_every_test_and_file_that_the_table_names_exists() -> None:
    text = TABLE.read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    folders = ("libs", "services", "clients/desktop", "clients/python", "standalone", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("test_*.py")]
    known = set(re.findall(r"def (test_\w+)", "\n".join(path.read_text() for path in files)))
    assert named - known == set()
    assert len(named) > 50
    paths = re.findall(r"`((?:docs|services|standalone|tests|clients)/[\w./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_row_has_a_status_and_a_proof() -> None:
    rows = [line.split("|")[1:-1] for line in TABLE.read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 60
    for number, _, status, shown in rows:
        assert status.strip() in {"met", "partly", "no", "n.a."}, number
        assert shown.strip(), number
