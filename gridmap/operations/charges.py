"""Who is charged with what: owners, handlers, and whoever held the posts above when it came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.analytics.indicators.figures import figures
from gridmap.operations.indicators import Counted, of_people

# Whose ground is more than his own issues: he is charged with all that lies on it, as it came in while he held it.
ABOVE: Final = {"supervisor": ("tier1", "tier2"), "coordinator": ("tier1", "tier2")}
_SEPARATOR: Final = "/"
Found = list[tuple[str, str, Mapping[str, Any]]]


def people_figures(data: Counted, codes: Iterable[str]) -> Found:
    """What the measured indicators say of everybody in every role that he is charged in."""
    charged = {"issues": _charged_issues(data), "rounds": _charged_rounds(data)}
    found: Found = []
    for code in codes:
        indicator = INDICATORS[code]
        frame = data.rounds if indicator.source == "rounds" else data.facts
        if indicator.measure is None or not len(frame):
            continue
        charges = charged[indicator.source]
        parts = indicator.measure(frame, data.window).iloc[charges["row"]].reset_index(drop=True)
        rows = figures(indicator, parts, charges["subject"], _homes(data) if indicator.per == "households" else None)
        for row in rows.to_dict("records"):
            role, _, person = str(row["subject"]).partition(_SEPARATOR)
            if person:
                found.append((role, person, {str(name): value for name, value in row.items()}))
    return found


def _charged_issues(data: Counted) -> pd.DataFrame:
    """Who is charged with which rows: the owner, the handler, and who held the posts above when it came in."""
    facts = data.facts
    parts = [_pairs(facts, "owner_role", "owner"), _pairs(facts, "handler_role", "handler")]
    parts += [_held(facts, data.posts, role, tier) for role, tiers in ABOVE.items() for tier in tiers]
    return pd.concat(parts).drop_duplicates().reset_index(drop=True)


def _charged_rounds(data: Counted) -> pd.DataFrame:
    if not len(data.rounds):
        return pd.DataFrame({"row": [], "subject": []})
    frame = data.rounds.assign(reported_at=data.rounds["due_at"])
    parts = [_pairs(frame, "role", "person")]
    parts += [_held(frame, data.posts, role, tier) for role, tiers in ABOVE.items() for tier in tiers]
    return pd.concat(parts).drop_duplicates().reset_index(drop=True)


def _pairs(frame: pd.DataFrame, role: str, person: str) -> pd.DataFrame:
    roles, people = frame[role].astype(object), frame[person].astype(object)
    there = np.flatnonzero((roles.notna() & people.notna()).to_numpy(dtype=bool))
    subjects = roles.iloc[there].astype(str) + _SEPARATOR + people.iloc[there].astype(str)
    return pd.DataFrame({"row": there, "subject": subjects.astype(object).to_numpy()})


def _held(frame: pd.DataFrame, posts: pd.DataFrame, role: str, tier: str) -> pd.DataFrame:
    """The rows on the ground of whoever held a role at the time."""
    held = posts[posts["role"] == role]
    rows = pd.DataFrame({"row": np.arange(len(frame)), "grid": frame[tier].astype(object).to_numpy()})
    rows["at"] = pd.to_datetime(frame["reported_at"], utc=True).to_numpy()
    both = rows[rows["grid"].notna()].merge(held, on="grid")
    at = pd.to_datetime(both["at"], utc=True)
    since, until = (pd.to_datetime(both[name], utc=True) for name in ("valid_from", "valid_to"))
    both = both[(since <= at) & (until.isna() | (at < until))]
    return pd.DataFrame({"row": both["row"], "subject": (role + _SEPARATOR + both["person"]).astype(object)})


def _homes(data: Counted) -> pd.Series[Any]:
    """The households of everybody in each role that he held on grids."""
    found = {role: of_people(data, [role]) for role in ABOVE}
    return pd.Series(
        {f"{role}{_SEPARATOR}{person}": size for role, sizes in found.items() for person, size in sizes.items()},
        dtype=float,
    )
