"""Which facilities come back again and again, of those on one's ground."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy.orm import Session

from gridmap.analytics.repeats import repeats
from gridmap.analytics.repeats import told as words
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.language import phrase
from gridmap.operations.grids import edition
from gridmap.storage import analyses, atlas
from gridmap.storage.plan_views import Plan

DAYS: Final = 90
MOST: Final = 10
# Told again within so many hours it is the same trouble.
APART_HOURS: Final = 12


def returning(session: Session, site: Site, viewer: Viewer, at: datetime, days: int = DAYS) -> pd.DataFrame:
    """Facilities more was reported of than of others of their kind, by code, the surest first, with their names."""
    in_force = edition(session, site, at)
    held = atlas.layer(session, viewer, Plan(site.id, in_force.id, in_force.leaf_tier, at), "facilities")
    things = pd.DataFrame(held[["code", "name", "kind"]]).set_index("code")
    since = at - timedelta(days=days)
    reports = analyses.reported(session, viewer, site.id, since, at)
    found = repeats(reports, "facility", since=pd.Timestamp(since), until=pd.Timestamp(at), things=things[["kind"]],
                    apart=APART_HOURS)  # fmt: skip
    return found[found["repeats"]].join(things["name"])


def told(found: pd.DataFrame, days: int, language: str, most: int = MOST) -> list[dict[str, Any]]:
    """The facilities as data, each with what is said of it."""
    return [
        {
            "facility": str(code),
            "title": f"{code} {row['name']}",
            "kind": str(row["kind"]),
            "count": int(row["count"]),
            "expected": round(float(row["expected"]), 2),
            "pattern": str(row["pattern"]),
            "worse": bool(row["worse"]),
            "said": phrase("; ").say(language).join(said.say(language) for said in words(row, days)),
        }
        for code, row in found.head(most).iterrows()
    ]
