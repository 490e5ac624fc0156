"""A chart of each result file, and the table of docs/performance.md: nothing in either is typed by hand.

The charts are bars only, so that this is shorter than a library's set-up; they follow the reader's light or dark theme.
"""

import json
import math
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS

PAGE: Final = Path(__file__).parents[1] / "docs/performance.md"
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_WIDTH, _LEFT, _ROW, _BAR = 760, 320, 30, 9
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f } .dim { fill: #6e7781 }
.ours { fill: #2f6feb } .peer { fill: #b6bcc4 } .no { fill: #c4560a }
@media (prefers-color-scheme: dark) { text { fill: #d8dee6 } .dim { fill: #8b949e } .peer { fill: #55606c } }
"""


def charts() -> list[Path]:
    """Writes an SVG beside each JSON; returns what was written."""
    written = []
    for source in sorted(RESULTS.glob("*.json")):
        target = source.with_suffix(".svg")
        target.write_text(svg(json.loads(source.read_text())))
        written.append(target)
    return written


def svg(document: dict[str, Any]) -> str:
    """Ours and the peer of the same run, as bars; each unit has its own scale. Orange: the aim was not reached."""
    rows = [row for row in document["results"] if row["value"] or row.get("peer_value")]
    most: dict[str, float] = {}
    for row in rows:
        most[row["unit"]] = max(most.get(row["unit"], 0.0), row["value"], row.get("peer_value") or 0.0)
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
        return max(1.0, (_WIDTH - _LEFT - 120) * value / most) if most else 1.0

    kind = "no" if row["met"] is False else "ours"
    label = f"{number(row['value'])} {row['unit']}"
    found = [
        f'<text x="{_LEFT - 8}" y="{y + 9}" text-anchor="end">{escape(row["metric"][:52])}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width(row["value"]):.1f}" height="{_BAR}"/>',
        f'<text x="{_LEFT + width(row["value"]) + 6:.1f}" y="{y + 9}">{escape(label)}</text>',
    ]
    if row.get("peer_value"):
        peer = f"{number(row['peer_value'])} {row['peer'][:34]}"
        found += [
            f'<rect class="peer" x="{_LEFT}" y="{y + 11}" width="{width(row["peer_value"]):.1f}" height="{_BAR}"/>',
            f'<text class="dim" x="{_LEFT - 8}" y="{y + 20}" text-anchor="end">{escape(peer)}</text>',
        ]
    return found


def number(value: float) -> str:
    """Three figures, thousands apart."""
    if not value:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def page() -> None:
    """Fills the marked part of docs/performance.md from the result files."""
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
        peer = f"{number(row['peer_value'])} {row['peer']} (x {row['ratio']:g})" if row.get("peer_value") else ""
        reached = {True: "yes", False: "**no**", None: ""}[row["met"]]
        lines.append(
            f"| {row['metric']} | {number(row['value'])} {row['unit']} | {peer} | {row['target'] or ''} | {reached} |"
        )
    return "\n".join([*lines, "", ""])
