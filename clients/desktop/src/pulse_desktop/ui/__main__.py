"""`pulse-collector-window`: checks what the window needs, then opens it."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pulse_desktop.ui import needs

BAD_SETTINGS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 success, 1 the smoke test failed or there is
    nothing to attach to, 2 something is missing or a setting is invalid."""
    options = _parser().parse_args(arguments)
    if (problem := needs.missing(os.environ)) is not None:
        sys.stderr.write(f"pulse-collector-window: {problem}\n")
        return BAD_SETTINGS
    from pulse_desktop.ui import app

    return app.main(
        app.Options(
            options.state_dir, options.theme, options.language, is_smoke=options.smoke, only_attaches=options.attach
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulse-collector-window",
        description="Shows a collector in a window. Attaches to the collector that runs on the state directory; runs "
        "one itself if there is none.",
        epilog="Every setting of `pulse-collector run` applies as its environment variable.",
    )
    parser.add_argument("--state-dir", metavar="DIR", type=Path, help="directory of the buffer")
    parser.add_argument("--attach", action="store_true", help="do not run the collector if none runs, but exit with 1")
    parser.add_argument("--theme", choices=("light", "dark", "system"), help="colours; default: the last choice")
    parser.add_argument("--language", choices=("en", "de", "system"), help="language; default: the last choice")
    parser.add_argument(
        "--smoke", action="store_true", help="open the window, wait until it shows a snapshot (20 s at most), and exit"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
