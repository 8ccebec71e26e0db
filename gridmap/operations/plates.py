"""The sign plates of a site's grids: who answers, how he is reached as far as it is to be known, and what is his."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.domain.codes import order
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.domain.roles import ROLE_OF_RANK
from gridmap.errors import FieldError, NotFoundError
from gridmap.language import phrase
from gridmap.maps.plates import Contact, Plate, Size, link_of
from gridmap.maps.plates import plates as printed
from gridmap.maps.scene import Scene, scene_of
from gridmap.maps.typeset import Form
from gridmap.maps.words import role_term
from gridmap.operations import atlas
from gridmap.storage import indicators as stored
from gridmap.storage import people

LAYERS: Final = ("grids", "buildings", "facilities")
# Who is there at any hour, the first first: whoever holds it for the whole site.
ON_DUTY: Final = ("control_room", "front_desk", "dispatcher")
MOST: Final = 1_000


@dataclass(frozen=True)
class Staff:
    """Who holds which post, and what may be said of people: names and phones."""

    posts: pd.DataFrame
    people: Mapping[str, Mapping[Any, Any]]
    names: bool
    phones: bool

    def contact(self, role: str, person: Any) -> Contact:
        known = self.people.get(person, {}) if isinstance(person, str) else {}
        phone = known.get("phone") if self.phones else None
        return Contact(role, known.get("name") if self.names else None, phone if isinstance(phone, str) else None)


def plates(
    session: Session,
    site: Site,
    viewer: Viewer,
    at: datetime,
    grids: Sequence[str] | None = None,
    *,
    address: str,
    size: Size = "A4",
    language: str = "zh-Hans",
    phones: bool = False,
    form: Form = "pdf",
    ppi: float = 144.0,
) -> list[bytes]:
    """The plates of some grids, or of all on a viewer's ground: one PDF, or a picture each.

    Phones of people are printed where they are asked for, by whoever may see them; the site's own stands on every one.
    """
    scene = scene_of(atlas.frames(session, viewer, at, LAYERS, site.code), at)
    chosen = _chosen(session, viewer, scene, grids)
    staff = _staff(session, site, viewer, at, phones=phones)
    several = session.scalar(select(func.count()).select_from(Site)) != 1
    given = [_plate(scene, staff, site, code, language, address, several=several) for code in chosen]
    day = f"{at.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d}"
    return printed(scene, given, size=size, language=language, at=at, day=day, form=form, ppi=ppi)


def _chosen(session: Session, viewer: Viewer, scene: Scene, grids: Sequence[str] | None) -> list[str]:
    """The grids that are asked for, each once and as asked; without any, all that are the viewer's, by their codes."""
    within = stored.grids_of(session, viewer)
    his = [code for code in scene.codes if within is None or code in within]
    if not his:
        raise NotFoundError("no grid here is yours to make a plate for")
    for code in grids or ():
        if code not in his:
            raise NotFoundError(f"there is no grid {code} here")
    chosen = list(dict.fromkeys(grids)) if grids else sorted(his, key=order)
    if len(chosen) > MOST:
        raise FieldError("grid", f"{len(chosen)} plates at once are too many: name up to {MOST} grids")
    return chosen


def _staff(session: Session, site: Site, viewer: Viewer, at: datetime, *, phones: bool) -> Staff:
    known = people.people_list(session, site.id).drop_duplicates("code")
    return Staff(
        people.post_list(session, site.id, at),
        {str(row["code"]): row for row in known.to_dict("records")},
        names=site.plate_names and viewer.reach("people") is not None,
        phones=phones and viewer.reach("phones") is not None,
    )


def _plate(scene: Scene, staff: Staff, site: Site, code: str, language: str, address: str, *, several: bool) -> Plate:
    _, row = scene.grid(code)
    below = set(_below(scene, code))
    households = row.get("households")
    return Plate(
        code,
        str(row["name"]),
        site.name,
        tuple(_above(scene, row)),
        link_of(address, code, site.code if several else None),
        tuple(_contacts(scene, staff, site, code, language)),
        tuple(
            str(each.get("name") or each["code"]) for each in scene.buildings.rows if each.get("grid") in below
        ),
        int(households) if households else None,
    )  # fmt: skip


def _above(scene: Scene, row: Mapping[str, Any]) -> list[str]:
    """The names of the grids above, from the top."""
    names: list[str] = []
    while row.get("parent") in scene.codes and len(names) < len(scene.tiers):
        _, row = scene.grid(str(row["parent"]))
        names.append(str(row["name"]))
    return names[::-1]


def _below(scene: Scene, code: str) -> Iterable[str]:
    """A grid and all below it."""
    yield code
    tier, _ = scene.codes[code]
    for row in scene.tiers[tier + 1].rows if tier < 3 else ():
        if row.get("parent") == code:
            yield from _below(scene, str(row["code"]))


def _contacts(scene: Scene, staff: Staff, site: Site, code: str, language: str) -> Iterable[Contact]:
    """Who answers for a grid, who stands in for him, and where somebody is at any hour."""
    tier, _ = scene.codes[code]
    role = ROLE_OF_RANK["leaf" if tier == scene.leaf else "top" if tier == 1 else "middle"]
    held = staff.posts[(staff.posts["role"] == role) & (staff.posts["grid"] == code)].to_dict("records")
    if held:
        owner = staff.contact(role_term(role, language) or role, held[0]["person"])
        deputy = staff.contact(phrase("deputy").say(language), held[0]["deputy"])
        yield from (one for one in (owner, deputy) if one.name or one.phone)
    duty = phrase("on duty, 24 h").say(language)
    if site.plate_phone:
        yield Contact(phrase("service phone").say(language), None, site.plate_phone)
    elif staff.phones:
        of_site = staff.posts[staff.posts["grid"].isna()].drop_duplicates("role").set_index("role")["person"]
        found = next((of_site[each] for each in ON_DUTY if each in of_site.index), None)
        on_duty = staff.contact(duty, found)
        yield from [Contact(duty, None, on_duty.phone)] if on_duty.phone else []
