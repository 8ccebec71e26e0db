"""A letter, and servers on loopback that take it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gridmap.domain.letters import Letter, Occasion, letter_of
from tests.receiving import Mailbox, Receiver, receiving, receiving_mail

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)
UID = UUID("7d444840-9dc0-41d1-b245-5ffdce74fad2")


@pytest.fixture
def letter() -> Letter:
    said = Occasion(
        UID, "over_limit", AT, "WJ", "望江花园", "Asia/Shanghai", issue="WJ-7", category="lift", category_name="lift",
        grid="Z1-C1-1", stamp="on_site", due_at=AT, person="LI",
    )  # fmt: skip
    return letter_of(said, "zh-Hans")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receiving_mail() as mailbox:
        yield mailbox
