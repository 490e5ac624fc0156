"""Refused requests: each error has a stable code and its HTTP status."""

from collections.abc import Mapping

from pulse_contracts.errors import DomainError


class CollectorUnknown(DomainError):
    """The collector does not exist."""

    code, status = "not_found", 404


class AccountUnknown(DomainError):
    """The account does not exist."""

    code, status = "not_found", 404


class VersionMissing(DomainError):
    """The header `If-Match` is missing. Send the `ETag` of the resource as you read it, or `*`."""

    code, status = "precondition_required", 428


class VersionChanged(DomainError):
    """The resource was changed since you read it. Read it again and send its new `ETag` in `If-Match`."""

    code, status = "precondition_failed", 412


class InvalidRules(DomainError):
    """A rule names an unknown account or collector, matches nothing, or is listed twice. `rows` has the reason for each
    rule. `allow_unmatched: true` accepts sites and tags that no collector has yet."""

    code, status = "invalid_entitlement", 422

    def __init__(self, rows: list[dict[str, str]]) -> None:
        super().__init__("Nothing was changed. Correct the listed rules, then try again.")
        self.members: Mapping[str, object] = {"rows": rows}


class LastAdministratorOfSite(DomainError):
    """After this change no administrator could sign in at any collector of a site. Send `force: true` to confirm."""

    code, status = "last_administrator_of_site", 409

    def __init__(self, sites: list[str]) -> None:
        shown = ", ".join(repr(site) if site else "(no site)" for site in sites[:10])
        super().__init__(
            f"No administrator could sign in at the collectors of these sites: {shown}. Send force: true to confirm."
        )
        self.members: Mapping[str, object] = {"rows": [{"site": site} for site in sites[:100]]}


class LeaseOutOfBounds(DomainError):
    """A lease is outside its bounds: 1 hour to 30 days for users, 0 to 72 hours for administrators."""

    code, status = "lease_out_of_bounds", 422


class CollectorNotManaged(DomainError):
    """The collector is not enrolled, disabled, lost or deleted, so it receives nothing."""

    code, status = "collector_unmanaged", 409


class CollectorWiped(DomainError):
    """The mirror of this enrolment was wiped. Enrol the collector again."""

    code, status = "collector_wiped", 409


class ConfirmationWrong(DomainError):
    """The confirmation must repeat the id of the collector, or the number of accounts that stay revoked."""

    code, status = "confirmation_wrong", 422


class UsersNotRestored(DomainError):
    """The copy of the accounts is the set of the users service. There is nothing to accept."""

    code, status = "users_not_restored", 409


class UsersSetUnknown(DomainError):
    """sync-publisher does not know the whole set of the users service yet, or changes are on their way. Wait until
    `GET /api/sync/users` shows the state `restored`."""

    code, status = "users_set_unknown", 409


class InvalidPage(DomainError):
    """The cursor is invalid. Start again without a cursor."""

    code, status = "foreign_cursor", 422
