"""An issue of the estate as those see it who live with it: where it lies, who has it, and by when what is due."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gridmap.operations.moving import present_of


@dataclass
class Case:
    """What is known of an issue while it lives; `started_at` is when its cycle began."""

    code: str
    category: str
    group: str
    kind: str
    urgency: str
    lon: float
    lat: float
    reported_at: datetime
    tiers: tuple[str | None, ...]
    status: str
    handler: str | None
    about: str | None = None
    # The account of whoever reported it and can be asked, and whether there is anybody to ask.
    reporter: int | None = None
    has_reporter: bool = False
    refer_to: str | None = None
    facility: str | None = None
    sensor: str | None = None
    due: dict[str, datetime] = field(default_factory=dict)
    started_at: datetime = field(init=False)
    reworks: int = 0
    reopens: int = 0
    resolved_at: datetime | None = None
    followed: bool = False

    def __post_init__(self) -> None:
        self.started_at = self.reported_at

    @property
    def areas(self) -> tuple[str | None, ...]:
        """The grids it lies in, the smallest first, and the whole site."""
        return (*(code for code in reversed(self.tiers) if code), None)

    @property
    def emergency(self) -> bool:
        return self.urgency in ("life", "emergency")

    def due_by(self, stamp: str) -> datetime | None:
        """When a stamp is due; begun again, as long after that as it was after the report."""
        due = self.due.get(stamp)
        return None if due is None else due + (self.started_at - self.reported_at)


def of_answer(answer: str, **said: Any) -> Case:
    """A case from what whoever reported it was told."""
    told = json.loads(answer)
    route, handler = told["route"], told["handler"]
    person = handler["person"] if handler else None
    return Case(
        code=told["code"],
        tiers=(route["tier1"], route["tier2"], route["tier3"]),
        status=told["status"],
        handler=person["code"] if person else None,
        due={stamp: datetime.fromisoformat(due) for stamp, due in told["deadlines"].items()},
        **said,
    )


def of_row(row: Mapping[str, Any], refer_to: str | None) -> Case:
    """A case from the store, wherever it stands."""
    present = present_of(row)
    case = Case(
        code=row["code"], category=row["category"], group=row["group"], kind=row["kind"], urgency=row["urgency"],
        lon=row["lon"], lat=row["lat"], reported_at=row["reported_at"],
        tiers=(row["tier1"], row["tier2"], row["tier3"]), status=present.status, handler=present.handler,
        about=row["about"], reporter=row["reporter"], has_reporter=row["has_reporter"], refer_to=refer_to,
        reworks=present.reworks, reopens=present.reopens, resolved_at=present.resolved_at, followed=present.followed,
    )  # fmt: skip
    case.started_at = present.moments.get("reopen", row["reported_at"])
    shift = case.reported_at - case.started_at
    case.due = {stamp: due + shift for stamp, due in present.deadlines.items()}
    return case
