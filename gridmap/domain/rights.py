"""What each role may do and see, and how far: one table, printed in the docs and tested cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# How far a right reaches: the part of the tree that is his (all of the site without one), the issues he has a part
# in, or those he reported himself.
Reach = Literal["area", "work", "own"]

# role of an account: its term
ACCOUNT_ROLES: Final[dict[str, str]] = {
    "resident": "resident",
    "grid_owner": "grid owner",
    "supervisor": "supervisor",
    "coordinator": "coordinator",
    "head": "head",
    "dispatcher": "dispatcher",
    "technician": "technician",
    "contractor": "contractor",
    "auditor": "auditor",
    "analyst": "analyst",
    "admin": "administrator",
}

# right: what it lets one do
RIGHT_NAMES: Final[dict[str, str]] = {
    "report": "report an issue",
    "plan": "see grids, buildings, facilities and overlays",
    "issues": "see issues",
    "words": "read what was reported",
    "reporters": "see who reported it",
    "dispatch": "hand issues out",
    "deductions": "see deductions",
    "judge": "judge deductions",
    "people": "see who holds which post",
    "phones": "see their phones",
    "channels": "see to the channels by which messages leave",
    "calendar": "set days, hours and limits of the site",
    "warn": "declare weather warnings",
    "patrol": "walk rounds, check in, send where he was",
    "rounds": "see rounds, and how much was walked",
    "schedule": "plan rounds, checkpoints, sweeps and standards",
    "inspect": "fill inspection forms, say what state facilities are in",
    "inspections": "see inspections, failures and sweeps",
    "households": "see and visit households in need: those he visits, or whose visitor he directs",
    "flood": "see what is settled for the flood season",
    "figures": "see indicators, of his ground or his own work",
    "scores": "see how people are scored, on his ground or himself",
    "evaluate": "say what counts, type in what is not measured, close periods",
    "forms": "print forms, filled with what he may see",
    "insights": "see hot spots, and what stands out there, of his ground",
    "analyse": "look for hot spots, and keep analyses",
    "draw": "draw grids, and keep them as a draft",
    "publish": "put a draft of grids in force",
}

_WORKING: Final[dict[str, Reach]] = {
    "grid_owner": "area",
    "supervisor": "area",
    "coordinator": "area",
    "head": "area",
    "dispatcher": "area",
    "technician": "work",
    "contractor": "work",
}
_STAFF: Final[dict[str, Reach]] = dict.fromkeys(_WORKING, "area")

# right: who has it, and how far; a role that is not named does not have it
RIGHTS: Final[dict[str, dict[str, Reach]]] = {
    # Reporting is not bound to one's own ground: who sees something says so.
    "report": {role: "area" for role in ACCOUNT_ROLES if role not in ("analyst", "auditor")},
    "plan": dict.fromkeys(ACCOUNT_ROLES, "area"),
    "issues": {**_WORKING, "resident": "own", "auditor": "area", "analyst": "area", "admin": "area"},
    "words": {**_WORKING, "resident": "own", "auditor": "area", "admin": "area"},
    "reporters": {**_WORKING, "resident": "own"},
    "dispatch": dict.fromkeys(("supervisor", "coordinator", "head", "dispatcher", "admin"), "area"),
    "deductions": dict.fromkeys(("head", "auditor", "admin"), "area"),
    "judge": {"auditor": "area"},
    "people": {**_STAFF, "auditor": "area", "admin": "area"},
    "phones": {**_STAFF, "admin": "area"},
    "channels": {"admin": "area"},
    # Time is the whole site's: who directs a part of it does not set it. But a storm may come over a part.
    "calendar": dict.fromkeys(("coordinator", "head", "admin"), "area"),
    "warn": dict.fromkeys(("coordinator", "head", "dispatcher", "admin"), "area"),
    "patrol": dict.fromkeys(("grid_owner", "supervisor", "coordinator", "technician", "contractor"), "work"),
    "rounds": {**_WORKING, "auditor": "area", "admin": "area"},
    "schedule": dict.fromkeys(("supervisor", "coordinator", "head", "admin"), "area"),
    # A contractor does not inspect his own work.
    "inspect": dict.fromkeys(("grid_owner", "supervisor", "coordinator", "head", "technician"), "area"),
    "inspections": {**_WORKING, "auditor": "area", "admin": "area"},
    # Not an administrator's, nor the audit's: an address is no record to look things up in.
    "households": dict.fromkeys(("grid_owner", "supervisor", "coordinator", "head", "technician"), "work"),
    "flood": {role: "area" for role in (*_WORKING, "auditor", "admin") if role not in ("technician", "contractor")},
    "figures": {**_WORKING, "auditor": "area", "analyst": "area", "admin": "area"},
    # Not a dispatcher's: he hands out work, and judges nobody's.
    "scores": {
        **dict.fromkeys(("grid_owner", "supervisor", "coordinator", "head", "auditor", "admin"), "area"),
        **dict.fromkeys(("technician", "contractor"), "work"),
    },
    "evaluate": dict.fromkeys(("head", "admin"), "area"),
    "forms": {**_WORKING, "auditor": "area", "admin": "area"},
    # Counts of grids: not for those who see but their own work.
    "insights": {
        role: "area" for role in (*_WORKING, "auditor", "analyst", "admin") if role not in ("technician", "contractor")
    },
    "analyse": dict.fromkeys(("coordinator", "head", "analyst", "admin"), "area"),
    # A coordinator divides his own ground anew; that it holds is for whoever directs the whole site to say.
    "draw": dict.fromkeys(("coordinator", "head", "admin"), "area"),
    "publish": dict.fromkeys(("head", "admin"), "area"),
}

# Roles that answer for a grid: an account in one of them is of a grid, or of a person who holds one.
BOUND_TO_GRID: Final = ("grid_owner", "supervisor", "coordinator")


@dataclass(frozen=True)
class Viewer:
    """Who asks, and the part of the tree that is his: `grids` by code, None for all of the site; no site for all."""

    account_id: int
    name: str
    role: str
    site_id: int | None = None
    site: str | None = None
    grids: tuple[str, ...] | None = None
    person_id: int | None = None
    person: str | None = None

    def reach(self, right: str) -> Reach | None:
        """How far a right of his reaches; None if he does not have it."""
        return RIGHTS[right].get(self.role)
