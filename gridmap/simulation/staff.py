"""Who works on the imaginary estate, and who holds which post on which ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from gridmap.domain.roles import SPECIALTIES
from gridmap.simulation.cells import Cell
from gridmap.simulation.chance import one_of, shuffled

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾"
GIVEN: Final = (
    "建国", "秀英", "敏", "静", "丽华", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明", "霞",
    "思远", "雨桐", "子涵", "志强", "晓燕", "海燕", "国庆", "文博", "佳怡", "浩然", "欣妍", "俊峰",
    "春梅", "永红", "小龙", "婷", "凯", "雪梅", "立新",
)  # fmt: skip
COMPANY: Final = "望江物业服务中心"
CLEANERS, GARDENERS, DEVELOPER = "洁净环境服务有限公司", "绿野园林工程有限公司", "望江置业有限公司"
ZONE: Final = ZoneInfo("Asia/Shanghai")
MOST_CELLS = 7  # of one owner
# Compounds that share a coordinator, an environment officer and technicians, and those that share all of it.
SECTIONS: Final = ("A", "BC", "D", "E", "FG", "H", "I", "JM", "KL")
DISTRICTS: Final = {"repair": ("ABC", "DH", "EI", "FGJM", "KL"), "greening": ("ABCDE", "FGHIJKLM"),
                    "cleaning": ("ABCE", "DFGH", "IJKLM"), "security": ("ABCD", "EFGH", "IJKLM")}  # fmt: skip
OFFICERS: Final = ("ABC", "DH", "EI", "FG", "JKLM")
# Posts that are held for the whole estate: the role, how many hold it, and whom they work for.
WHOLE: Final = (
    ("dispatcher", 2, COMPANY), ("front_desk", 2, COMPANY), ("control_room", 2, COMPANY),
    ("head_of_engineering", 1, COMPANY), ("emergency_team", 3, COMPANY), ("reception_lead", 1, COMPANY),
    ("audit", 1, COMPANY), ("project_head", 1, COMPANY), ("department_head", 1, COMPANY),
    ("developer", 1, DEVELOPER), ("owners_committee", 1, "业主委员会"),
)  # fmt: skip
LONG = timedelta(days=3 * 365)  # a leave that a demo will not outlast


@dataclass
class Staff:
    """People and posts as they are added: each new person gets a name nobody has yet, and a phone that cannot ring."""

    draw: np.random.Generator
    people: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._names = shuffled(self.draw, [surname + given for surname in SURNAMES for given in GIVEN])

    def hire(self, organisation: str = COMPANY) -> str:
        number = len(self.people) + 1
        self.people.append(
            {
                "code": f"P{number:03d}", "name": self._names[number], "phone": f"100-0000-{number:04d}",
                "organisation": organisation, "away_from": None, "away_to": None,
            }
        )  # fmt: skip
        return str(self.people[-1]["code"])

    def hold(self, role: str, person: str, grids: Iterable[str | None], specialty: str | None = None) -> None:
        for grid in grids:
            self.posts.append({"role": role, "person": person, "grid": grid, "specialty": specialty, "deputy": None})

    def stand_in(self, role: str, pairs: dict[str, str]) -> None:
        """Name the deputies of those who hold a role."""
        for post in self.posts:
            if post["role"] == role and pairs.get(post["person"], post["person"]) != post["person"]:
                post["deputy"] = pairs[post["person"]]


def estate_staff(draw: np.random.Generator, cells: Sequence[Cell], today: date) -> Staff:
    """Everybody, in the order they were hired."""
    staff = Staff(draw)
    for role, count, organisation in WHOLE:
        for _ in range(count):
            staff.hold(role, staff.hire(organisation), [None])
    zones = {zone: [cell for cell in cells if cell.zone == zone] for zone in dict.fromkeys(cell.zone for cell in cells)}
    _in_charge(staff, zones)
    _specialists(staff, zones)
    _contractors(staff, zones)
    _deputies(staff)
    _leave(staff, today)
    return staff


def _tier1(zones: dict[str, list[Cell]], letters: str) -> list[str]:
    return [zones[letter][0].tier1 for letter in letters]


def _in_charge(staff: Staff, zones: dict[str, list[Cell]]) -> None:
    """Coordinators of sections, supervisors of one to three clusters, owners of a handful of cells."""
    for section in SECTIONS:
        staff.hold("coordinator", staff.hire(), _tier1(zones, section))
    for cells in zones.values():
        clusters = list(dict.fromkeys(cell.tier2 for cell in cells))
        for own in _evenly(clusters, 3):
            staff.hold("supervisor", staff.hire(), own)
        for cluster in clusters:
            for leaves in _evenly([cell.code for cell in cells if cell.tier2 == cluster], MOST_CELLS):
                staff.hold("grid_owner", staff.hire(), leaves)


def _evenly(things: list[str], most: int) -> list[list[str]]:
    """Things in order, in as few parts of nearly equal size as none has more than so many."""
    parts = -(-len(things) // most)
    cuts = [round(len(things) * part / parts) for part in range(parts + 1)]
    return [things[begin:end] for begin, end in pairwise(cuts)]


def _specialists(staff: Staff, zones: dict[str, list[Cell]]) -> None:
    """Environment officers and technicians of districts, and guards of every compound."""
    for letters in OFFICERS:
        staff.hold("environment_officer", staff.hire(), _tier1(zones, letters))
    for specialty in SPECIALTIES:
        organisation = GARDENERS if specialty == "greening" else COMPANY
        for letters in DISTRICTS[specialty]:
            staff.hold("technician", staff.hire(organisation), _tier1(zones, letters), specialty)
    for letter, cells in zones.items():
        for _ in range(2 if cells[0].compound.kind == "residential" else 1):
            staff.hold("guard", staff.hire(), _tier1(zones, letter))


def _contractors(staff: Staff, zones: dict[str, list[Cell]]) -> None:
    staff.hold("contractor", staff.hire(CLEANERS), _tier1(zones, "FGJ"), "cleaning")
    staff.hold("contractor", staff.hire(GARDENERS), _tier1(zones, "ABCDEFGHIJKLM"), "greening")


def _deputies(staff: Staff) -> None:
    """Colleagues in the same role stand in for one another, each for the one before him."""
    for role in ("grid_owner", "supervisor", "coordinator", "environment_officer", "dispatcher", "front_desk"):
        holders = list(dict.fromkeys(post["person"] for post in staff.posts if post["role"] == role))
        staff.stand_in(role, dict(zip(holders, [*holders[1:], holders[0]], strict=True)))
    for specialty in SPECIALTIES:
        holders = list(dict.fromkeys(post["person"] for post in staff.posts if post["specialty"] == specialty))
        staff.stand_in("technician", dict(zip(holders, [*holders[1:], holders[0]], strict=True)))


def _leave(staff: Staff, today: date) -> None:
    """One owner has been lent to another estate for long, so that there is always somebody stood in for."""
    owners = [post["person"] for post in staff.posts if post["role"] == "grid_owner"]
    away = one_of(staff.draw, owners[: len(owners) // 2])
    person = next(person for person in staff.people if person["code"] == away)
    begins = datetime.combine(today - timedelta(days=120), time(8), ZONE)
    person |= {"away_from": begins, "away_to": begins + LONG}
