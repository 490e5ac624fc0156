"""`make bench NAME=x`: runs one benchmark (`all`: every one), writes its JSON and chart, and prints a table. The exit
code is 0 after a measurement, whether or not the target was met. Without a name it lists the benchmarks. `chart` draws
every chart again, and `page` also updates docs/performance.md and the tables of docs/scaling.md."""

import importlib
import sys

from benchmarks import capacity, chart
from benchmarks.report import Result, publish
from pulse_testkit.logs import show_warnings

NAMES = {
    "ingest": "readings a second through broker, ledger and log, beside PostgreSQL's COPY",
    "peers": "the same readings into InfluxDB and VictoriaMetrics, and what each loses when it is killed",
    "latency": "sensor to browser, 50 collectors and 20 browsers",
    "browser": "what a dashboard with 50 and with 500 series costs a browser (10 minutes)",
    "pages": "first rows and search with 10,000 users, 2,000 devices and 20,000 series",
    "fanout": "500 browsers, 50 of them slow",
    "replay": "a backlog of a million readings while live readings go on",
    "recovery": "killed until it serves again; broker or PostgreSQL back until data flows",
    "buffer": "the collector's store, beside thingsboard-gateway's",
    "disk": "bytes a reading after compaction, beside rows",
    "history": "questions over 30 days, the last hour, 50 series at once",
    "scale": "whether a reading costs the same with more series and more history (long)",
    "fleet": "processor time of a batch, a step of compaction and a merge, of 200 devices with small batches",
    "auth": "sign-ins beside bare argon2, authorised requests beside a bare route, how soon a session has ended",
    "mirror": "how soon 20 collectors have a changed or revoked account, changes a second, a large snapshot, sign-in",
    "desktop": "the collector's window: start, memory, processor time, and whether a stall of it delays the engine",
    "footprint": "memory of the whole system at rest, starts and stops",
}


def main() -> int:
    """Returns 2 for an unknown name."""
    show_warnings()
    names = list(NAMES) if sys.argv[1:] == ["all"] else sys.argv[1:]
    if not names:
        print("make bench NAME=…", *(f"  {name:10} {what}" for name, what in NAMES.items()), sep="\n")
    if names in (["chart"], ["page"]):
        chart.charts()
        if names == ["page"]:
            chart.page()
            capacity.page()
        return 0
    for name in names:
        if name not in NAMES:
            print(f"no benchmark {name!r}: choose from {', '.join(NAMES)}", file=sys.stderr)
            return 2
    for name in names:
        print(f"· measuring {name}", flush=True)
        measured: list[Result] = importlib.import_module(f"benchmarks.{name}").measure()
        publish(name, measured)
        chart.charts()
    return 0


if __name__ == "__main__":
    sys.exit(main())
