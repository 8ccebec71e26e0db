"""How far a viewer sees: conditions that every read of issues and plans is bound by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gridmap.domain.rights import BOUND_TO_GRID, Viewer

# The grids of the viewer and all below them, of every Edition: what lies there is his.
AREA: Final = """
    area as (
        select g.id, g.code from grid g join edition e on e.id = g.edition_id
        where e.site_id = :viewer_site and g.code = any(cast(:viewer_grids as text[]))
        union
        select g.id, g.code from grid g join area a on g.parent_id = a.id
    )
"""
# The same within one Edition, with the chain above: the part of the tree that he is shown.
PART: Final = """
    down as (
        select g.id, g.code, g.parent_id from grid g
        where g.edition_id = :edition
          and case when :whole then g.parent_id is null else g.code = any(cast(:viewer_grids as text[])) end
        union
        select g.id, g.code, g.parent_id from grid g join down d on g.parent_id = d.id
    ),
    up as (
        select id, code, parent_id from down
        union
        select g.id, g.code, g.parent_id from grid g join up u on g.id = u.parent_id
    )
"""


def of_viewer(viewer: Viewer) -> dict[str, Any]:
    """The values that `AREA`, `PART` and `seen` ask for."""
    return {
        "viewer_site": viewer.site_id,
        "viewer_grids": list(viewer.grids or ()),
        "whole": viewer.grids is None,
        "viewer_account": viewer.account_id,
        "viewer_role": viewer.role,
        "viewer_person": viewer.person_id,
        "viewer_named": f'[{{"person": {{"code": "{_quoted(viewer.person)}"}}}}]',
    }


def _quoted(code: str | None) -> str:
    return (code or "").replace("\\", "\\\\").replace('"', '\\"')


# Sets of codes are looked up once, as arrays: so an index can be walked or probed whichever way is shorter.
OWN: Final = "i.id = any(array(select r.issue_id from reporter r where r.account_id = :viewer_account))"
NAMED: Final = """i.owner_id = :viewer_person or i.handler_id = :viewer_person or i.decision_id = any(array(
    select d.id from decision d where d.site_id = :viewer_site and d.answers @> cast(:viewer_named as jsonb)
))"""
# What lies in the viewer's grids, by the tree or by any tier, or is a post's that is held on one of them.
HERE: Final = """i.grid_id = any(array(select id from area)) or i.owner_grid = any(array(select code from area))
    or cast(:viewer_grids as text[]) && array[i.tier1, i.tier2, i.tier3]"""
# An account of a grid, but of no person, stands for whoever holds the post there.
NOT_OF_HOLDER: Final = """(i.about_id is null or i.about_id not in (
    select post.person_id from post
    where post.site_id = :viewer_site and post.role = :viewer_role
      and post.grid_code = any(cast(:viewer_grids as text[]))
))"""


def seen(viewer: Viewer) -> str:
    """The condition on issue `i` for what the viewer may see; nobody sees a complaint about himself."""
    reach = viewer.reach("issues")
    if reach is None:
        return "false"
    whole = reach == "area" and viewer.grids is None
    told = ["true" if whole else f"({' or '.join(_parts(viewer, reach))})"]
    if viewer.site_id is not None:
        told.append("i.site_id = :viewer_site")
    if viewer.person_id is not None:
        told.append("(i.about_id is null or i.about_id <> :viewer_person)")
    elif viewer.grids and viewer.role in BOUND_TO_GRID:
        told.append(NOT_OF_HOLDER)
    return " and ".join(told)


def _parts(viewer: Viewer, reach: str) -> Iterator[str]:
    """Where the issues of a viewer lie who does not see them all: what cannot hold is not asked."""
    if reach == "area" and viewer.grids:
        yield HERE
    if reach != "own" and viewer.person_id is not None:
        yield NAMED
    yield OWN
