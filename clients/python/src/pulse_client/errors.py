"""One kind of failure, with the stable code of the problem document (RFC 9457)."""


class PulseError(Exception):
    """A call that was refused or not answered. Programs go by `code`; `status` is 0 when there was no answer;
    `retry_after` (seconds) is there when waiting may help; `request_id` finds the request in the service's log."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: float | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.status, self.code, self.detail = status, code, detail
        self.retry_after, self.request_id = retry_after, request_id


class SecondFactorNeeded(PulseError):
    """The password is right and the account has a second factor: programs use an API key, or give `Password.code`.
    `challenge` is the first half of the sign-in."""

    challenge = ""
