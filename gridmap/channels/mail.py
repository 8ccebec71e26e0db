"""Mail by SMTP: `smtp://user:password@host:587?from=grid@example.com&to=li@example.com`."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from gridmap.channels.sending import WAIT_S, Address, Delivered, Failed, Outcome
from gridmap.domain.letters import Letter
from gridmap.errors import InputError

Tls = Literal["starttls", "always", "none"]
PORTS: Final[dict[Tls, int]] = {"starttls": 587, "always": 465, "none": 25}
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ONE_ADDRESS: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
EXAMPLE: Final = "smtp://user:password@mail.example.com:587?from=grid@example.com&to=li@example.com"


@dataclass(frozen=True)
class Mailbox:
    """A mail server, how to come in, and from whom to whom."""

    host: str
    port: int
    tls: Tls
    sender: str
    to: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def send(address: Address, letter: Letter, at: datetime) -> Outcome:  # noqa: ARG001 (a mail is dated by its message)
    """Send a letter; its Message-ID stays the same, so that a mailbox can tell what came twice."""
    mailbox = mailbox_of(address.url)
    try:
        server = _opened(mailbox)
        try:
            server.send_message(mail_of(letter, mailbox), mailbox.sender, [mailbox.to])
        finally:
            # However they part, what was taken is taken.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(next(iter(error.recipients.values()))[0])
    except smtplib.SMTPAuthenticationError:
        # Whoever changed the password will write the new one here: until then the letter waits.
        return Failed(False, "the mail server does not take the password")
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except (smtplib.SMTPException, OSError) as error:
        return Failed(False, f"no answer: {type(error).__name__}")
    return Delivered()


def _opened(mailbox: Mailbox) -> smtplib.SMTP:
    """The server, signed in to; unless it is said otherwise, nothing goes over the wire in the clear."""
    secure = ssl.create_default_context()
    server: smtplib.SMTP
    if mailbox.tls == "always":
        server = smtplib.SMTP_SSL(mailbox.host, mailbox.port, timeout=WAIT_S, context=secure)
    else:
        server = smtplib.SMTP(mailbox.host, mailbox.port, timeout=WAIT_S)
    try:
        if mailbox.tls == "starttls":
            server.starttls(context=secure)
        if mailbox.user:
            server.login(mailbox.user, mailbox.password or "")
    except BaseException:
        server.close()
        raise
    return server


def mail_of(letter: Letter, mailbox: Mailbox) -> EmailMessage:
    """A letter as a mail of plain text."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = MailAddress(display_name="gridmap", addr_spec=mailbox.sender)
    mail["To"] = MailAddress(addr_spec=mailbox.to)
    mail["Subject"] = letter.subject
    mail["Date"] = letter.at
    mail["Message-ID"] = f"<{letter.uid}@{mailbox.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = letter.language
    if letter.urgent:
        mail["Importance"] = "high"
    mail.set_content(letter.text + "\n")
    return mail


def _refused(code: int) -> Failed:
    return Failed(500 <= code < 600, f"the mail server said {code}")


def mailbox_of(url: str) -> Mailbox:
    """What an address says, or a sentence about what it must say."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError(f"a mail address is like {EXAMPLE}") from None
    asked = parse_qs(parts.query, keep_blank_values=True)
    unknown = set(asked) - {"from", "to", "tls"}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or unknown or not url.isascii():
        raise InputError(f"a mail address is like {EXAMPLE}")
    tls = _tls(parts.scheme, asked.get("tls", [""])[0])
    return Mailbox(
        host=parts.hostname,
        port=port or PORTS[tls],
        tls=tls,
        sender=_mail_address("from", asked),
        to=_mail_address("to", asked),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _tls(scheme: str, said: str) -> Tls:
    if scheme == "smtps":
        return "always"
    if said in ("", "starttls"):
        return "starttls"
    if said == "none":
        return "none"
    raise InputError("tls in a mail address is starttls or none; smtps:// is encrypted from the start")


def _mail_address(name: str, asked: dict[str, list[str]]) -> str:
    said = asked.get(name, [])
    if len(said) != 1 or not ONE_ADDRESS.fullmatch(said[0]):
        raise InputError(f"a mail address names one address by {name}=, like {EXAMPLE}")
    return said[0]


def check(url: str) -> None:
    """Refuse what is no address of mail."""
    mailbox_of(url)


def shown(url: str) -> str:
    """To whom, by which server; no password."""
    mailbox = mailbox_of(url)
    return f"{mailbox.to} ({mailbox.host})"
