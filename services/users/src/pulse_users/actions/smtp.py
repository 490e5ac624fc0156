"""The only module that uses SMTP."""

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
        Unavailable for everything else: a wrong password of ours must not lose a mail."""
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
                raise MailRefused(f"the mail server rejects the address ({codes[0]})") from error
            raise Unavailable(f"the mail server rejects the address temporarily ({codes})") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unavailable(f"the mail server failed: {type(error).__name__}") from error


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
