"""The words of the command line and what they mean; no defaults, so that a flag that was not given stays unset."""

import argparse

_EPILOG = (
    "Every flag has an environment variable (see the README); the broker's password comes from the file that "
    "PULSE_MQTT_PASSWORD_FILE names. Exit codes: 0 fine, 1 failed or found something, 2 bad settings, 3 already "
    "running."
)


def make() -> argparse.ArgumentParser:
    """`command` is the words joined, for example "buffer list"."""
    parser = argparse.ArgumentParser(
        prog="pulse-collector",
        description="Reads sensors, keeps every reading on disk, and delivers it exactly once over MQTT.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    run = _command(commands, "run", "collect and deliver until stopped")
    _connection(run)
    _sources(run)
    _enrol(commands)
    show = _command(commands, "status", "how the collector of a state directory is")
    show.add_argument("--json", action="store_true", default=None, help="for programs")
    _buffer(commands)
    _quarantine(commands)
    replay = _command(
        commands,
        "replay",
        "pause, resume or slow the delivery of the backlog",
        "Without a flag: what holds now. The setting is kept over restarts, a running collector follows within a "
        "second, and new readings are delivered live all the same.",
    )
    pause = replay.add_mutually_exclusive_group()
    pause.add_argument("--pause", action="store_true", default=None, help="deliver nothing old for now")
    pause.add_argument("--resume", action="store_true", default=None, help="go on")
    replay.add_argument("--rate", metavar="N", type=float, help="old readings a second at most; 0: no limit")
    doctor = _command(
        commands,
        "doctor",
        "check what a collector needs, and say what to do",
        "Checks permissions, disk, buffer, clock, credentials and broker. While no collector runs it signs in as the "
        "device itself, which would disconnect a collector of the same name elsewhere. Exit code 1 when a check fails.",
    )
    _connection(doctor)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", words: str, text: str, more: str = ""
) -> argparse.ArgumentParser:
    one = commands.add_parser(
        words.rsplit(maxsplit=1)[-1], help=text, description=more or text[:1].upper() + text[1:] + "."
    )
    one.add_argument("--state-dir", metavar="DIR", help="where the buffer lives")
    one.set_defaults(command=words)
    return one


def _connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", metavar="ID", help="[a-z0-9-]{1,32}; also the broker's user name")
    parser.add_argument("--mqtt-url", metavar="URL", help="mqtts://host:port")
    parser.add_argument("--buffer-max-bytes", metavar="N", help="disk for readings before the oldest lose detail")
    parser.add_argument("--buffer-max-readings", metavar="N", help="readings before the oldest lose detail")
    parser.add_argument("--buffer-min-free-bytes", metavar="N", help="disk that is left to others")


def _enrol(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    enrol = _command(
        commands,
        "enrol",
        "become a collector that the server knows, with a one-time code",
        "Exchanges a one-time code, which an administrator makes, for this collector's own keys and its account at the "
        "broker. `run` needs no other settings afterwards. The secrets go to the keyring of the operating system if it "
        "has one, else into a file that the service credential pulse-collector-key seals, else into a file that only "
        "this user can read.",
    )
    enrol.add_argument("server", metavar="URL", help="where people sign in, such as https://pulse.example.org")
    enrol.add_argument("code", metavar="CODE", help="the one-time code; - reads it from standard input")
    enrol.add_argument("--replace", action="store_true", default=None, help="although this one is enrolled already")
    enrol.add_argument("--ca", metavar="PATH", help="authorities (PEM) of the server's certificate")


def _sources(run: argparse.ArgumentParser) -> None:
    run.add_argument("--name", help="shown to people")
    run.add_argument("--host-metrics", action=argparse.BooleanOptionalAction, default=None, help="read this machine")
    run.add_argument("--simulator-rate", metavar="N", help="simulated readings per second, 0 for none")
    run.add_argument("--simulator-series", metavar="N", help="how many simulated series")
    run.add_argument("--simulator-seed", metavar="N", help="same seed, same noise")
    run.add_argument("--journal", metavar="PATH", help="also write everything produced to this text file")
    run.add_argument("--log-format", choices=("json", "console"))


def _buffer(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "what waits on the disk"
    parts = commands.add_parser(
        "buffer", help=text, description="Looks at a buffer; changes nothing, and works while a collector is running."
    ).add_subparsers(required=True, metavar="COMMAND", title="commands")
    show = _command(parts, "buffer list", "one line per epoch: what waits, how much, from when to when")
    show.add_argument("--json", action="store_true", default=None, help="for programs")
    _command(parts, "buffer verify", "read and check everything; exit code 1 when something is wrong")
    export = _command(parts, "buffer export", "copy every waiting reading for people and programs")
    export.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="default: csv")
    export.add_argument("--output", metavar="PATH", help="a new file; default: standard output")


def _quarantine(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "readings that were refused or never answered"
    parts = commands.add_parser(
        "quarantine",
        help=text,
        description="Readings that the gateway refused (with its "
        "code) or never answered: kept here, the newest 10,000, so that nothing vanishes silently.",
    ).add_subparsers(required=True, metavar="COMMAND", title="commands")
    show = _command(parts, "quarantine list", "how many and why, and the newest of them")
    show.add_argument("--limit", metavar="N", type=int, default=50, help="how many to show; default: 50")
    show.add_argument("--json", action="store_true", default=None, help="for programs")
    export = _command(parts, "quarantine export", "all of them as JSON lines")
    export.add_argument("--output", metavar="PATH", help="a new file; default: standard output")
    clear = _command(parts, "quarantine clear", "delete all of them, after asking")
    clear.add_argument("--yes", action="store_true", default=None, help="do not ask")
