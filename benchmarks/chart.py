"""Charts of the result files, and the table of docs/performance.md, which are never edited by hand. The charts have
bars only, so no library is needed. They follow the reader's light or dark theme."""

import json
import math
import re
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS

PAGE: Final = Path(__file__).parents[1] / "docs/performance.md"
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_WIDTH, _LEFT, _RIGHT, _ROW, _BAR = 820, 320, 170, 36, 10
_NAME = 42
"""Maximum letters of a peer's name beside its bar."""
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f } .dim { fill: #6e7781 }
.ours { fill: #2f6feb } .peer { fill: #b6bcc4 } .no { fill: #c4560a } .aim { stroke: #24292f; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #d8dee6 } .dim { fill: #8b949e } .peer { fill: #55606c } .aim { stroke: #d8dee6 } }
"""


def charts() -> list[Path]:
    """Writes an SVG beside each JSON. Returns the written files."""
    written = []
    for source in sorted(RESULTS.glob("*.json")):
        target = source.with_suffix(".svg")
        target.write_text(svg(json.loads(source.read_text())))
        written.append(target)
    return written


def svg(document: dict[str, Any]) -> str:
    """Draws this project and the peer of the same run as bars. Each unit has its own scale. The line is the target.
    Orange: the target was not met."""
    rows = document["results"]
    most: dict[str, float] = {}
    for row in rows:
        most[row["unit"]] = max(most.get(row["unit"], 0.0), row["value"], row.get("peer_value") or 0.0, aim(row) or 0.0)
    height = 46 + _ROW * len(rows)
    title = f"{document['benchmark']}: {document['machine']['cores']} cores, {document['date'][:10]}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="8" y="20">{escape(title)}</text>',
    ]
    for place, row in enumerate(rows):
        parts += _bars(row, 38 + place * _ROW, most[row["unit"]])
    return "\n".join([*parts, "</svg>", ""])


def _bars(row: dict[str, Any], y: int, most: float) -> list[str]:
    def width(value: float) -> float:
        return max(1.0, (_WIDTH - _LEFT - _RIGHT) * value / most) if most else 1.0

    kind = "no" if row["met"] is False else "ours"
    label, target = f"{number(row['value'])} {row['unit']}", aim(row)
    after, mark = width(row["value"]), width(target or 0.0)
    if target and after <= mark <= after + 7 * len(label):
        after = mark  # the line would cross the text
    found = [
        f'<text x="{_LEFT - 8}" y="{y + 9}" text-anchor="end">{escape(row["metric"])}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width(row["value"]):.1f}" height="{_BAR}"/>',
        f'<text x="{_LEFT + after + 6:.1f}" y="{y + 9}">{escape(label)}</text>',
    ]
    if row["peer_value"] is not None:
        name, end = row["peer"], _LEFT + width(row["peer_value"]) + 6
        short = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
        found += [
            f'<rect class="peer" x="{_LEFT}" y="{y + 13}" width="{width(row["peer_value"]):.1f}" height="{_BAR}"/>',
            f'<text class="dim" x="{_LEFT - 8}" y="{y + 23}" text-anchor="end">{escape(short)}</text>',
            f'<text class="dim" x="{end:.1f}" y="{y + 23}">{number(row["peer_value"])}</text>',
        ]
    if target:
        x = f"{_LEFT + mark:.1f}"
        found.append(f'<line class="aim" x1="{x}" y1="{y - 3}" x2="{x}" y2="{y + _BAR + 3}"/>')
    return found


def aim(row: dict[str, Any]) -> float | None:
    """Returns the target of a result on the scale of its value. None if there is none, or none that is a number. `< 5
    s` and `p95 < 50 ms` refer to the value; `ratio >= 3`, `15 times smaller` and `ahead` refer to the peer."""
    target, peer = row["target"] or "", row.get("peer_value") or 0.0
    if target == "ahead":
        return float(peer)
    found = re.match(r"(p95 |ratio )?(?:[<>]=? ?)?([\d.,]*\d)( times smaller)?", target)
    if found is None:
        return None
    value = float(found[2].replace(",", ""))
    if found[3]:
        return peer / value
    return value * peer if found[1] == "ratio " else value


def number(value: float) -> str:
    """Formats a number with three digits and separated thousands."""
    if not value:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def page() -> None:
    """Replaces the marked part of docs/performance.md with the results."""
    text = PAGE.read_text()
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    PAGE.write_text(before + _BEGIN + "\n\n" + "\n".join(map(_section, sorted(RESULTS.glob("*.json")))) + _END + after)


def _section(source: Path) -> str:
    document = json.loads(source.read_text())
    machine = document["machine"]
    when = f"{document['date'][:10]}, {machine['cores']} cores, commit {document['commit']}"
    how = f"load before {machine['load_before']}: `make bench NAME={document['benchmark']}`"
    lines = [
        f"### {document['benchmark']}",
        "",
        f"{when}, {how}",
        "",
        f"![{document['benchmark']}](../benchmarks/results/{source.stem}.svg)",
        "",
        "| what | value | beside, in the same run | aim | reached |",
        "|---|---|---|---|---|",
    ]
    for row in document["results"]:
        ratio = "" if row["ratio"] is None else f" (x {row['ratio']:g})"
        peer = "" if row["peer_value"] is None else f"{number(row['peer_value'])} {row['peer']}{ratio}"
        reached = {True: "yes", False: "**no**", None: ""}[row["met"]]
        lines.append(
            f"| {row['metric']} | {number(row['value'])} {row['unit']} | {peer} | {row['target'] or ''} | {reached} |"
        )
    return "\n".join([*lines, "", ""])
