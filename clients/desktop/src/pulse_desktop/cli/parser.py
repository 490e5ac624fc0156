"""The command line: commands, flags and help texts. Flags have no defaults, so that unset flags stay unset."""

import argparse

_EPILOG = (
    "Every flag has an environment variable (see the README). The broker password is read from the file in "
    "PULSE_MQTT_PASSWORD_FILE. Exit codes: 0 success, 1 failure or a problem found, 2 bad settings, 3 already running, "
    "4 sign-in refused."
)


def make() -> argparse.ArgumentParser:
    """The parser of the command line. Its result has `command`: the words of the command, for example "buffer list"."""
    parser = argparse.ArgumentParser(
        prog="pulse-collector",
        description="Reads sensors, stores every reading on disk, and delivers it exactly once over MQTT.",
        epilog=_EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    run = _command(commands, "run", "collect and deliver until stopped")
    _connection(run)
    _sources(run)
    _enrol(commands)
    show = _command(commands, "status", "show the status of a collector")
    show.add_argument("--json", action="store_true", default=None, help="print JSON")
    _buffer(commands)
    _quarantine(commands)
    replay = _command(
        commands,
        "replay",
        "pause, resume or slow the delivery of the backlog",
        "Without a flag, prints the current setting. The setting survives restarts. A running collector applies a "
        "change within a second. New readings are always delivered live.",
    )
    pause = replay.add_mutually_exclusive_group()
    pause.add_argument("--pause", action="store_true", default=None, help="stop delivering old readings")
    pause.add_argument("--resume", action="store_true", default=None, help="deliver old readings again")
    replay.add_argument(
        "--rate", metavar="N", type=float, help="maximum number of old readings per second; 0: no limit"
    )
    _people(commands)
    _mirror(commands)
    doctor = _command(
        commands,
        "doctor",
        "check what a collector needs, and suggest remedies",
        "Checks permissions, disk, buffer, clock, credentials and broker. If no collector is running here, doctor "
        "signs in as the device, which disconnects a collector of the same name elsewhere. Exit code 1: check failed.",
    )
    _connection(doctor)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", words: str, text: str, more: str = ""
) -> argparse.ArgumentParser:
    one = commands.add_parser(
        words.rsplit(maxsplit=1)[-1], help=text, description=more or text[:1].upper() + text[1:] + "."
    )
    one.add_argument("--state-dir", metavar="DIR", help="directory of the buffer")
    one.set_defaults(command=words)
    return one


def _connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", metavar="ID", help="[a-z0-9-]{1,32}; also the user name at the broker")
    parser.add_argument("--mqtt-url", metavar="URL", help="mqtts://host:port")
    parser.add_argument(
        "--buffer-max-bytes", metavar="N", help="buffer size on disk before the oldest readings are thinned"
    )
    parser.add_argument(
        "--buffer-max-readings", metavar="N", help="readings in the buffer before the oldest are thinned"
    )
    parser.add_argument("--buffer-min-free-bytes", metavar="N", help="disk space that the buffer leaves free")
    parser.add_argument(
        "--backup-interval", metavar="PT24H", help="how long delivered readings are kept for a restore of the server"
    )


def _enrol(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    enrol = _command(
        commands,
        "enrol",
        "enrol this collector at a server with a one-time code",
        "Exchanges a one-time code, which an administrator creates, for this collector's keys and its account at the "
        "broker. After that, `run` needs no other settings. The secrets are stored in the keyring of the operating "
        "system if there is one, else in a file encrypted with the service credential pulse-collector-key, else in a "
        "file that only this user can read.",
    )
    enrol.add_argument("server", metavar="URL", help="address of the server, for example https://pulse.example.org")
    enrol.add_argument("code", metavar="CODE", help="the one-time code; - reads it from standard input")
    enrol.add_argument("--replace", action="store_true", default=None, help="enrol again if already enrolled")
    enrol.add_argument("--ca", metavar="PATH", help="certificate authorities of the server (PEM)")


def _people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sign_in = _command(
        commands,
        "sign-in",
        "sign in at this collector",
        "Asks the server. If the server cannot be reached, this collector checks the password with its mirror of the "
        "accounts. One person at a time is signed in, for at most 12 hours. Exit code 4: the sign-in was refused.",
    )
    sign_in.add_argument("--email", metavar="EMAIL", required=True, help="e-mail of the account")
    sign_in.add_argument("--ca", metavar="PATH", help="certificate authorities of the server (PEM)")
    sign_in.add_argument(
        "--password-stdin",
        action="store_true",
        default=None,
        help="read the password from the first line of standard input, and the code of a second factor from the second",
    )
    sign_out = _command(commands, "sign-out", "end the session at this collector")
    whoami = _command(
        commands, "whoami", "show who is signed in", "Shows who is signed in. Exit code 1: nobody is signed in."
    )
    change = _command(
        commands,
        "change-password",
        "say how a password is changed",
        "A password can be changed at the server only. Says where, with exit code 4.",
    )
    for one in (sign_in, sign_out, whoami, change):
        one.add_argument("--json", action="store_true", default=None, help="print JSON")


def _mirror(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parts = commands.add_parser(
        "mirror",
        help="show and repair the accounts that can sign in without the network",
        description="The mirror holds the accounts that may sign in at this collector while the network is down.",
    ).add_subparsers(required=True, metavar="COMMAND", title="commands")
    for words, text, more in (
        ("mirror status", "show the state of the mirror", "Exit code 1: nobody can sign in without the network."),
        (
            "mirror conflicts",
            "list the conflicts with the server and how they were decided",
            "The newest 1,000 are kept, and each is in the audit trail.",
        ),
        ("mirror verify", "check every stored account and the audit trail", "Exit code 1: a problem was found."),
        ("mirror resync", "ask for all accounts again", "The running collector asks the server within a second."),
    ):
        one = _command(parts, words, text, f"{text[:1].upper()}{text[1:]}. {more}")
        one.add_argument("--json", action="store_true", default=None, help="print JSON")


def _sources(run: argparse.ArgumentParser) -> None:
    run.add_argument("--name", help="display name")
    run.add_argument(
        "--host-metrics", action=argparse.BooleanOptionalAction, default=None, help="collect metrics of this machine"
    )
    run.add_argument(
        "--remote-commands",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="execute signed commands of administrators",
    )
    run.add_argument("--simulator-rate", metavar="N", help="simulated readings per second, 0 for none")
    run.add_argument("--simulator-series", metavar="N", help="number of simulated series")
    run.add_argument("--simulator-seed", metavar="N", help="seed of the simulated noise")
    run.add_argument("--journal", metavar="PATH", help="also write every reading to this text file")
    run.add_argument("--log-format", choices=("json", "console"))


def _buffer(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "show the readings that wait on the disk"
    parts = commands.add_parser(
        "buffer", help=text, description="Shows a buffer without changing it. Works while a collector is running."
    ).add_subparsers(required=True, metavar="COMMAND", title="commands")
    show = _command(parts, "buffer list", "list the epochs: waiting readings, bytes, first and last time")
    show.add_argument("--json", action="store_true", default=None, help="print JSON")
    _command(parts, "buffer verify", "read and check every block; exit code 1 when there is a problem")
    export = _command(parts, "buffer export", "export every waiting reading")
    export.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="default: csv")
    export.add_argument("--output", metavar="PATH", help="file to create; default: standard output")


def _quarantine(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "show readings that were refused or never acknowledged"
    parts = commands.add_parser(
        "quarantine",
        help=text,
        description="Readings that the gateway refused, with its code, or never acknowledged. The collector keeps the "
        "newest 10,000 of them.",
    ).add_subparsers(required=True, metavar="COMMAND", title="commands")
    show = _command(parts, "quarantine list", "count the readings by reason and list the newest")
    show.add_argument(
        "--limit", metavar="N", type=int, default=50, help="maximum number of listed readings; default: 50"
    )
    show.add_argument("--json", action="store_true", default=None, help="print JSON")
    export = _command(parts, "quarantine export", "export every reading as JSON lines")
    export.add_argument("--output", metavar="PATH", help="file to create; default: standard output")
    clear = _command(parts, "quarantine clear", "delete every reading, after a confirmation")
    clear.add_argument("--yes", action="store_true", default=None, help="do not ask")
