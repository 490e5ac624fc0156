"""The conversation with the gateway over one broker connection: its state, and when the next hello is due.

Part of the delivery machine; no I/O, no clock.
"""

from enum import Enum

from pulse_desktop.core.delivery.signals import Policy


class State(Enum):
    """Where the conversation is."""

    DISCONNECTED = "disconnected"
    """No connection to the broker."""
    DECLARING = "declaring"
    """The gateway does not know the series table: the next hello declares it first."""
    GREETING = "greeting"
    """Table and hello were sent. The hello is repeated until the gateway answers with a have."""
    OPEN = "open"
    """The gateway answered: readings and losses may be sent."""


class Session:
    """Every transition is a method here:

    | from | event | to |
    |---|---|---|
    | any | `connect` | DECLARING |
    | any | `disconnect` | DISCONNECTED |
    | DECLARING | `hello_sent` | GREETING |
    | any connected | `open` | OPEN |
    | any connected | `redeclare`, `redeclare_later` | DECLARING |

    `name`: the name of this connection, empty without one. `hello_due`: when to send the next hello, None for never.
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
        """A new connection replaces the last one."""
        self.name, self.state, self.hello_due = name, State.DECLARING, now

    def disconnect(self) -> None:
        """The connection is lost."""
        self.name, self.state, self.hello_due = "", State.DISCONNECTED, None

    def hello_sent(self, now: float) -> bool:
        """A hello goes out; returns whether the series table must go out before it."""
        must_declare = self.state is State.DECLARING
        if must_declare:
            self.state = State.GREETING
        self.hello_sent_at, self.hello_due = now, now + self._policy.hello_every
        return must_declare

    def open(self) -> None:
        """The gateway answered the hello and knows the series table."""
        self.state, self.hello_due = State.OPEN, None

    def redeclare(self, now: float) -> None:
        """The table changed, or the gateway asks for it: declare it at once."""
        if self.is_connected:
            self.state, self.hello_due = State.DECLARING, now

    def redeclare_later(self, now: float) -> None:
        """The gateway answered with another table: declare ours with the next regular hello."""
        self.state = State.DECLARING
        if self.hello_due is None:
            self.hello_due = max(now, self.hello_sent_at + self._policy.hello_every)

    def request_hello(self, now: float) -> None:
        """Sends a hello now, unless one is due anyway."""
        if self.hello_due is None:
            self.hello_due = now

    def probe(self, now: float) -> None:
        """As `request_hello`, but not more often than the policy allows."""
        if now >= self.hello_sent_at + self._policy.probe_every:
            self.request_hello(now)
