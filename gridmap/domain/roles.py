"""The roles people hold, and which of them a tier of grids is bound to."""

from __future__ import annotations

from typing import Final, Literal

Rank = Literal["leaf", "middle", "top"]

# role: its term; the catalogues hold the Chinese ones
ROLES: Final[dict[str, str]] = {
    "grid_owner": "grid owner",
    "supervisor": "supervisor",
    "coordinator": "coordinator",
    "front_desk": "front desk",
    "dispatcher": "dispatcher",
    "environment_officer": "environment officer",
    "guard": "guard",
    "control_room": "control room",
    "technician": "technician",
    "head_of_engineering": "head of engineering",
    "audit": "audit",
    "emergency_team": "emergency team",
    "reception_lead": "reception lead",
    "contractor": "contractor",
    "developer": "developer",
    "department_head": "department head",
    "project_head": "project head",
    "owners_committee": "owners' committee",
    "outside_body": "outside body",
}

SPECIALTIES: Final = ("repair", "greening", "cleaning", "security")

# Bound to the place in an Edition's tree, not to a tier's number: a two-tier plan has no middle.
ROLE_OF_RANK: Final[dict[Rank, str]] = {"leaf": "grid_owner", "middle": "supervisor", "top": "coordinator"}

# Whom a complaint about the holder of a post goes to, where the tree of grids does not say it.
DIRECTED_BY: Final[dict[str, str]] = {
    "guard": "grid_owner",
    "contractor": "environment_officer",
    "technician": "head_of_engineering",
    "environment_officer": "supervisor",
    "front_desk": "project_head",
    "dispatcher": "project_head",
    "control_room": "project_head",
    "reception_lead": "project_head",
    "emergency_team": "project_head",
    "head_of_engineering": "project_head",
    "coordinator": "project_head",
    "audit": "department_head",
    "project_head": "department_head",
}

# Who takes an issue when no post of its chain is held: the site's own choice first, then these.
LAST_RESORT: Final = ("dispatcher", "front_desk", "project_head", "department_head")
