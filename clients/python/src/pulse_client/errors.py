"""Errors of the client, with the stable code of the problem document (RFC 9457)."""


class PulseError(Exception):
    """A call was rejected or got no response.

    `code`: the stable code of the problem. `status`: the HTTP status, 0 without a response. `retry_after`: seconds to
    wait before a retry, None when a retry cannot help. `request_id`: identifies the request in the service's log.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: float | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.status, self.code, self.detail = status, code, detail
        self.retry_after, self.request_id = retry_after, request_id


class SecondFactorRequired(PulseError):
    """The password is correct, and the account has a second factor. Use an API key, or set `Password.code`.
    `challenge`: identifies the sign-in that the code completes."""

    challenge = ""
