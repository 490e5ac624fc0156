"""The two kinds of failure that every layer tells apart: the world is down, or the request is impossible."""


class Unavailable(Exception):  # a state of the world, named as HTTP 503 names it
    """The world is down (database, broker): worth trying again for as long as it takes."""


class DomainError(Exception):
    """The caller asked for something impossible or forbidden. `code` is stable snake_case, `status` the HTTP status."""

    code = "invalid_request"
    status = 422

    def __init__(self, detail: str = "", *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(detail or code or self.code)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status
