"""Which kinds of channels there are: how each is sent to, checked, and shown without its secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gridmap.channels import logs, mail, webhook, workchat
from gridmap.channels.sending import Sender


@dataclass(frozen=True)
class Kind:
    """A kind of channel."""

    send: Sender
    check: Callable[[str], None]
    shown: Callable[[str], str]


def _robot(kind: str) -> Kind:
    return Kind(workchat.send, workchat.check_as(kind), workchat.shown)


CHANNELS: Final[dict[str, Kind]] = {
    "webhook": Kind(webhook.send, webhook.check, webhook.shown),
    "mail": Kind(mail.send, mail.check, mail.shown),
    **{kind: _robot(kind) for kind in workchat.ROBOTS},
    "log": Kind(logs.send, logs.check, logs.shown),
}
SENDERS: Final[dict[str, Sender]] = {name: kind.send for name, kind in CHANNELS.items()}
