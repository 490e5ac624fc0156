"""The one door to SMTP."""

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Literal

import aiosmtplib

from pulse_contracts.errors import Unavailable
from pulse_users.actions.mailing import MailRefused
from pulse_users.model.links import Mail

_PERMANENT = range(500, 600)


@dataclass(frozen=True)
class MailServer:
    """Where mail goes, and from whom it comes. `tls`: from the first byte (`tls`), by STARTTLS, or not at all."""

    host: str
    port: int
    sender: str
    user: str | None
    password: str | None = field(repr=False)
    tls: Literal["starttls", "tls", "none"]
    timeout: timedelta

    async def send(self, mail: Mail) -> None:
        """Returns when the server has taken it. Raises MailRefused when it never will take mail for this address,
        Unavailable for everything else: a wrong password of ours is no reason to lose a mail."""
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
            if codes and all(code in _PERMANENT for code in codes):
                raise MailRefused(f"the mail server refuses the address ({codes[0]})") from error
            raise Unavailable(f"the mail server refuses the address for now ({codes})") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unavailable(f"{type(error).__name__} at the mail server") from error


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
