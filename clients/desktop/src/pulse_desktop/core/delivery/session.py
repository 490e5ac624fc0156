"""The conversation with the gateway over one broker connection: its state, and when the next `Hello` is due.

Part of the delivery state machine: does no I/O, and callers pass the time.
"""

from enum import Enum

from pulse_desktop.core.delivery.signals import Policy


class State(Enum):
    """How far the handshake with the gateway is."""

    DISCONNECTED = "disconnected"
    """No connection to the broker."""
    DECLARING = "declaring"
    """The gateway does not know the series table: the collector declares it before the next `Hello`."""
    GREETING = "greeting"
    """Table and `Hello` were sent. The `Hello` is repeated until the gateway answers with a `Have`."""
    OPEN = "open"
    """The gateway answered: readings and losses may be sent."""


class Session:
    """The state of the connection. Each transition is a method:

    | from | event | to |
    |---|---|---|
    | any | `connect` | DECLARING |
    | any | `disconnect` | DISCONNECTED |
    | DECLARING | `hello_sent` | GREETING |
    | any connected | `open` | OPEN |
    | any connected | `redeclare`, `redeclare_later` | DECLARING |

    `name`: the name of this connection, empty without one. `hello_due`: when to send the next `Hello`, None for never.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name, self.state = "", State.DISCONNECTED
        self.hello_due: float | None = None
        self.hello_sent_at = float("-inf")

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the broker."""
        return self.state is not State.DISCONNECTED

    @property
    def is_open(self) -> bool:
        """Whether readings may be sent."""
        return self.state is State.OPEN

    def connect(self, name: str, now: float) -> None:
        """Starts the handshake on a new connection, which replaces the last one."""
        self.name, self.state, self.hello_due = name, State.DECLARING, now

    def disconnect(self) -> None:
        """Forgets the lost connection."""
        self.name, self.state, self.hello_due = "", State.DISCONNECTED, None

    def hello_sent(self, now: float) -> bool:
        """Records that a `Hello` is sent. Returns whether the series table must be sent before it."""
        must_declare = self.state is State.DECLARING
        if must_declare:
            self.state = State.GREETING
        self.hello_sent_at, self.hello_due = now, now + self._policy.hello_every
        return must_declare

    def open(self) -> None:
        """Allows readings, because the gateway answered the `Hello` and knows the series table."""
        self.state, self.hello_due = State.OPEN, None

    def redeclare(self, now: float) -> None:
        """Declares the series table immediately, because it changed or the gateway asked for it."""
        if self.is_connected:
            self.state, self.hello_due = State.DECLARING, now

    def redeclare_later(self, now: float) -> None:
        """Declares the series table with the next regular `Hello`, because the gateway's answer named another table."""
        self.state = State.DECLARING
        if self.hello_due is None:
            self.hello_due = max(now, self.hello_sent_at + self._policy.hello_every)

    def request_hello(self, now: float) -> None:
        """Makes a `Hello` due at `now`, unless one is scheduled."""
        if self.hello_due is None:
            self.hello_due = now

    def probe(self, now: float) -> None:
        """Like `request_hello`, but not more often than the policy allows."""
        if now >= self.hello_sent_at + self._policy.probe_every:
            self.request_hello(now)
