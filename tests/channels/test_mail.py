"""Mail against a mail server on loopback."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from gridmap.channels import mail
from gridmap.channels.sending import Address, Delivered, Failed, Outcome
from gridmap.domain.letters import Letter
from gridmap.errors import InputError
from tests.channels.conftest import AT, UID
from tests.receiving import Mailbox


def address_of(mailbox: Mailbox, more: str = "&tls=none", user: str = "") -> Address:
    return Address("mail", f"smtp://{user}127.0.0.1:{mailbox.port}?from=grid@example.com&to=li@example.org{more}")


def sent(mailbox: Mailbox, letter: Letter) -> Outcome:
    return mail.send(address_of(mailbox), letter, AT)


def test_a_mail_arrives_with_words_and_an_id_that_stays(mailbox: Mailbox, letter: Letter) -> None:
    assert sent(mailbox, letter) == Delivered()
    assert sent(mailbox, letter) == Delivered()
    first, second = (message_from_bytes(each, policy=default) for each in mailbox.mails)
    assert first["Subject"] == letter.subject
    assert first["To"] == "li@example.org"
    assert first["Message-ID"] == second["Message-ID"] == f"<{UID}@example.com>"
    assert first["Date"].datetime == AT
    assert first.get_content().splitlines() == letter.text.splitlines()


def test_words_of_a_letter_make_no_headers_and_no_commands(mailbox: Mailbox, letter: Letter) -> None:
    hostile = replace(letter, subject="a", text="\n.\nQUIT\n..\nBcc: x@example.net\n")
    assert sent(mailbox, hostile) == Delivered()
    came = message_from_bytes(mailbox.mails[0].replace(b"\n..", b"\n."), policy=default)
    assert came["Bcc"] is None
    assert came.get_content().splitlines()[:5] == ["", ".", "QUIT", "..", "Bcc: x@example.net"]


def test_a_subject_of_several_lines_is_not_sent_as_it_is(mailbox: Mailbox, letter: Letter) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        mail.mail_of(replace(letter, subject="a\r\nBcc: x@example.net"), mail.mailbox_of(address_of(mailbox).url))


@pytest.mark.parametrize(
    ("word", "answer", "final"),
    [("RCPT", "550 nobody", True), ("RCPT", "450 later", False), ("MAIL", "421 busy", False), ("DATA", "554 no", True)],
)
def test_what_the_server_refuses_for_good_is_told_from_what_may_pass(
    mailbox: Mailbox, letter: Letter, word: str, answer: str, final: bool
) -> None:
    mailbox.codes[word] = answer
    assert sent(mailbox, letter) == Failed(final, f"the mail server said {answer[:3]}")


def test_a_mail_that_was_taken_is_delivered_however_the_server_parts(mailbox: Mailbox, letter: Letter) -> None:
    mailbox.codes["QUIT"] = "500 what"
    assert sent(mailbox, letter) == Delivered()


def test_without_encryption_neither_password_nor_letter_is_sent(mailbox: Mailbox, letter: Letter) -> None:
    outcome = mail.send(address_of(mailbox, "", "li:s3cret@"), letter, AT)
    assert outcome == Failed(False, "no answer: SMTPNotSupportedError")
    assert not {"AUTH", "MAIL", "DATA"} & set(mailbox.said)


def test_a_password_that_is_not_taken_may_be_mended(mailbox: Mailbox, letter: Letter) -> None:
    mailbox.codes |= {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "535 wrong"}
    outcome = mail.send(address_of(mailbox, user="li:s3cret@"), letter, AT)
    assert outcome == Failed(False, "the mail server does not take the password")


def test_a_server_that_is_not_there_may_come_back(letter: Letter) -> None:
    outcome = mail.send(Address("mail", "smtp://127.0.0.1:1?from=a@b.example&to=c@d.example"), letter, AT)
    assert outcome == Failed(False, "no answer: ConnectionRefusedError")


@pytest.mark.parametrize(
    "url",
    ["", "smtp://", "http://mail.example.com?from=a@b.c&to=d@e.f", "smtp://mail.example.com", "smtp://h?from=a@b&to=",
     "smtp://h?from=a@b&to=c@d&cc=e@f", "smtp://h?from=a@b&to=c@d&to=e@f", "smtp://h?from=a@b&to=c@d&tls=maybe",
     "smtp://h?from=a@b&to=c@d%0d%0aBcc:x@y", "smtp://h:port?from=a@b&to=c@d", "smtp://h?from=a&to=b"],
)  # fmt: skip
def test_what_is_no_address_of_mail_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="mail address"):
        mail.check(url)


def test_an_address_is_shown_without_its_password() -> None:
    url = "smtp://li:s3cret@mail.example.com?from=a@b.example&to=c@d.example"
    assert mail.shown(url) == "c@d.example (mail.example.com)"
    assert "s3cret" not in repr(mail.mailbox_of(url))
