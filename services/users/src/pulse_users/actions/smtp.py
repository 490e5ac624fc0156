"""The only module that uses SMTP."""

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Literal
from unicodedata import category

import aiosmtplib

from pulse_users.actions.mailing import MailFailed, MailRefused
from pulse_users.model.links import Mail

_PERMANENT = range(500, 600)
_MAX_ANSWER = 200


@dataclass(frozen=True)
class MailServer:
    """The mail server and the sender. `tls`: from the first byte (`tls`), by STARTTLS, or none."""

    host: str
    port: int
    sender: str
    user: str | None
    password: str | None = field(repr=False)
    tls: Literal["starttls", "tls", "none"]
    timeout: timedelta

    async def send(self, mail: Mail) -> None:
        """Returns when the server has accepted the mail. Raises MailRefused if it permanently rejects the address,
        MailFailed for everything else: a wrong password of ours must not lose a mail."""
        message = _message(mail, self.sender)
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.tls == "tls",
                start_tls=self.tls == "starttls",
                timeout=self.timeout.total_seconds(),
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            answer = self._readable(codes[0], error.recipients[0].message) if codes else ""
            if codes and all(code in _PERMANENT for code in codes):
                raise MailRefused(f"the mail server rejects the address ({codes[0]})", answer) from error
            raise MailFailed(f"the mail server rejects the address temporarily ({codes})", answer) from error
        except aiosmtplib.SMTPResponseException as error:
            answer = self._readable(error.code, error.message)
            raise MailFailed(f"the mail server failed: {type(error).__name__}", answer) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailFailed(f"the mail server failed: {type(error).__name__}") from error

    def _readable(self, code: int, text: str) -> str:
        """Code and text of an answer, without control characters and the password."""
        printable = "".join(" " if category(one)[0] in "CZ" else one for one in text)
        if self.password:
            printable = printable.replace(self.password, "…")
        return f"{code} {' '.join(printable.split())}"[:_MAX_ANSWER].rstrip()


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
