"""A mail that an administrator sends to the own address, to try the mail settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pulse_chassis.identity.caller import Caller
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Database
from pulse_users.actions.changes import require_account
from pulse_users.actions.mailing import MailFailed, MailRefused, Send
from pulse_users.model.accounts import Account
from pulse_users.model.links import Mail, MailNotConfigured
from pulse_users.store.brand import BrandStore

Outcome: TypeAlias = Literal["accepted", "rejected", "failed"]


@dataclass(frozen=True)
class MailSettings:
    """What administrators may see of the mail settings: no password."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls", "none"]
    has_password: bool


@dataclass(frozen=True)
class MailTestResult:
    """`accepted`: the mail server has taken the mail. `rejected`: it rejects the address for good. `failed`: it did not
    answer, or rejected the connection or the sign-in. `reason`: in English, with the
    code and text of the mail server's answer, without secrets."""

    outcome: Outcome
    to: str
    reason: str


class MailTest:
    """`settings` and `send` are None without a mail server. `clock` in microseconds."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        clock: Callable[[], int],
        settings: MailSettings | None,
        send: Send | None,
    ) -> None:
        self._database, self._audit, self._clock = database, audit, clock
        self.settings, self._send = settings, send

    async def run(self, caller: Caller) -> MailTestResult:
        """Sends one mail to the caller and waits for the mail server's answer. The outcome is audited. Raises
        MailNotConfigured, NotSignedIn, Forbidden, Unavailable."""
        async with self._database.connection() as connection:
            account = await require_account(connection, caller, "system.manage")
            product = (await BrandStore().read(connection)).product
        if self._send is None:
            raise MailNotConfigured("No mail server is configured.")
        found = await self._try(self._send, account, product)
        entry = AuditEntry(
            "mail_tested",
            caller.account,
            f"account:{account.id}",
            None,
            {"outcome": found.outcome},
            caller.address,
            caller.request_id,
        )
        async with self._database.transaction() as connection:
            await self._audit.append(connection, entry, from_micros(self._clock()))
        return found

    async def _try(self, send: Send, account: Account, product: str) -> MailTestResult:
        text = f"This is a test of the mail settings of {product}. It was sent because you asked for it.\n"
        mail = Mail(account.email, f"Test mail of {product}", text)
        try:
            await send(mail)
        except MailRefused as error:
            return MailTestResult("rejected", account.email, _reason(error))
        except MailFailed as error:
            return MailTestResult("failed", account.email, _reason(error))
        return MailTestResult("accepted", account.email, "")


def _reason(error: MailRefused | MailFailed) -> str:
    return f"{error}: {error.answer}" if error.answer else str(error)
