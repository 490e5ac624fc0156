"""Every path, link and test that a document names exists. Decisions are excluded: they describe their own time."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.system import ROOT

_PATH = re.compile(r"(?<![\w./:-])((?:libs|services|clients|standalone|tests|docs|benchmarks|requirements)/[\w./-]*\w)")
_SOURCE = re.compile(r"`([\w/.-]+\.(?:py|pyi|tsx?|mjs|sql))`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TITLE = re.compile(r"(clients/web/[\w./-]+\.test\.tsx?)::(.+?)(?=`+(?: \||, `+\w+/)|$)", re.MULTILINE)
_TEST = re.compile(r"((?:libs|services|clients|standalone|tests)/[\w./-]+\.py)::(\w+)")


def listed(*patterns: str) -> list[str]:
    """Tracked files, and new files that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


PAGES = [page for page in listed("*.md") if not page.startswith("docs/decisions/") and (ROOT / page).exists()]


@cache
def tails() -> frozenset[str]:
    """Every path and its tails: `a/b/c.py`, `b/c.py`, `c.py`."""
    parts = [Path(path).parts for path in listed() if (ROOT / path).exists()]
    return frozenset("/".join(one[start:]) for one in parts for start in range(len(one)))


@cache
def functions_of(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"def (test_\w+)", (ROOT / path).read_text()))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def exists(named: str, folder: Path) -> bool:
    """Whether `named` is a path from the root or from the page's folder. A decision may be named by its number."""
    is_decision = re.fullmatch(r"docs/decisions/\d{4}", named) and any(ROOT.glob(f"{named}-*.md"))
    return bool(is_decision) or (ROOT / named).exists() or (folder / named).exists()


def is_reachable(target: str, page: Path) -> bool:
    """Whether a relative link leads to a file, and to a heading if it has a fragment."""
    if re.match(r"[a-z]+:", target):
        return True
    name, _, fragment = unquote(target).partition("#")
    file = (page.parent / name) if name else page
    return file.exists() and (not fragment or fragment in anchors(file))


def missing(text: str, page: Path) -> Iterator[str]:
    """What the text names and the repository does not have."""
    yield from (path for path in _PATH.findall(text) if not exists(path, page.parent))
    yield from (f"`{name}`" for name in _SOURCE.findall(text) if name not in tails())
    yield from (f"({target})" for target in _LINK.findall(text) if not is_reachable(target, page))
    for path, test in _TEST.findall(text):
        if (ROOT / path).exists() and test not in functions_of(path):
            yield f"{path}::{test}"
    for path, title in _TITLE.findall(text):
        if (ROOT / path).exists() and title not in (ROOT / path).read_text():
            yield f"{path}::{title}"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_document_names_exists(page: str) -> None:
    assert sorted(set(missing((ROOT / page).read_text(), ROOT / page))) == []


@pytest.mark.parametrize(
    "text",
    [
        "see docs/gone.md",
        "`services/auth/src/pulse_auth/gone.py`",
        "`gone_for_good.py`",
        "[there](gone.md)",
        "[there](README.md#gone)",
        "tests/laws/test_layout.py::test_gone",
        "clients/web/src/proxy.test.ts::says nothing of the kind",
        "docs/decisions/9999",
    ],
)
def test_a_name_that_does_not_exist_is_found(text: str) -> None:
    assert list(missing(text, ROOT / "README.md")) != []
