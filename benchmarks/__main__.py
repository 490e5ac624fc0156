"""`make bench NAME=x`: runs one benchmark (or all), writes its JSON, prints it as a table. Exits 0 when measured."""

import importlib
import sys

from benchmarks.report import Result, publish

NAMES = ("ingest", "peers", "latency", "fanout", "footprint", "buffer", "disk", "history", "scale")


def main() -> int:
    """Returns 2 for an unknown name."""
    wanted = sys.argv[1:] or list(NAMES)
    for name in wanted:
        if name not in NAMES:
            print(f"no benchmark {name!r}: choose from {', '.join(NAMES)}", file=sys.stderr)
            return 2
    for name in wanted:
        print(f"· measuring {name}", flush=True)
        measured: list[Result] = importlib.import_module(f"benchmarks.{name}").measure()
        publish(name, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
