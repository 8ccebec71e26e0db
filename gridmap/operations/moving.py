"""An issue that is being moved: as the store gives it, and as it is written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from gridmap.domain.commands import Actor
from gridmap.domain.history import Present
from gridmap.domain.lifecycle import EMERGENCIES, STAMPS

# What an issue says of itself, as `issues_to_move.sql` gives it.
Row = Mapping[str, Any]


@dataclass
class Moving:
    """An issue on its way: where it stands by now, and what has to be written."""

    row: Row
    present: Present
    category: str
    urgency: str
    version: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    deadlines: dict[str, dict[str, Any]] = field(default_factory=dict)
    follow_ups: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def emergency(self) -> bool:
        return self.urgency in EMERGENCIES

    @classmethod
    def of(cls, row: Row) -> Moving:
        """An issue as the store has it."""
        return cls(row, present_of(row), row["category"], row["urgency"], row["version"])

    def copy(self) -> Moving:
        """As it is now, to go back to."""
        return replace(
            self, lines=list(self.lines), deadlines=dict(self.deadlines), follow_ups=list(self.follow_ups),
            messages=list(self.messages),
        )  # fmt: skip

    @property
    def given_due(self) -> datetime | None:
        """When it is due by a system that said so with the report: that is not ours to move."""
        due: datetime | None = self.row["due_at"]
        return None if self.present.reopens or "resolved" in (self.row["deadlines"] or {}) else due

    def roles(self, actor: Actor) -> tuple[str, ...]:
        """What somebody is to it."""
        return actor.roles(self.present.handler, self.row["reporter"])


def present_of(row: Row) -> Present:
    rest = row["present"]
    return Present(
        **{name: row[name] for name in PLAIN},
        deadlines={stamp: datetime.fromisoformat(due) for stamp, due in (row["deadlines"] or {}).items()},
        holds=tuple(
            (datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
            for start, end in rest.get("holds", ())
        ),
        moments={
            name: datetime.fromisoformat(moment)
            for name, moment in rest.get("moments", {"report": iso(row["reported_at"])}).items()
        },
        followed=rest.get("followed", False),
        referral=rest.get("referral"),
        plan=tuple(rest.get("plan", ())),
        returned=tuple(rest.get("returned", ())),
        supervised=rest.get("supervised", 0),
        signed=rest.get("signed", False),
        complex=rest.get("complex", False),
        given=_given(rest.get("given")),
    )


PLAIN: Final = (
    "status", "handler", "handler_role", *(f"{stamp}_at" for stamp in STAMPS), "held_at", "look_at", "closed_at",
    "closed_as", "reopens", "reworks", "satisfaction", "parent",
)  # fmt: skip


def columns_of(moving: Moving) -> dict[str, Any]:
    present = moving.present
    rest = {
        "holds": [[iso(start), iso(end) if end else None] for start, end in present.holds],
        "moments": {name: iso(moment) for name, moment in present.moments.items()},
        "followed": present.followed, "referral": present.referral, "plan": list(present.plan),
        "returned": list(present.returned), "supervised": present.supervised, "signed": present.signed,
        "complex": present.complex, "given": [iso(moment) for moment in present.given or ()],
    }  # fmt: skip
    return {
        "id": moving.row["id"], "category": moving.category, "urgency": moving.urgency,
        **{name: getattr(present, name) for name in PLAIN}, "stamps": list(present.deadlines),
        "due_at": present.deadlines.get("resolved", moving.given_due),
        "present": {name: value for name, value in rest.items() if value},
    }  # fmt: skip


def _given(said: list[str] | None) -> tuple[datetime, datetime] | None:
    return (datetime.fromisoformat(said[0]), datetime.fromisoformat(said[1])) if said else None


def iso(moment: datetime) -> str:
    """A moment as it is written into JSON."""
    return moment.astimezone(UTC).isoformat()
