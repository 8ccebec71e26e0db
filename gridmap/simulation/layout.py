"""How the imaginary estate is laid out, as data: its roads, its river, and what stands where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# A band between two neighbouring lines is divided so finely.
BAND: Final = 10_000


@dataclass(frozen=True)
class Line:
    """A road's edge or a river's bank: metres from the middle, leaning and bending along its way."""

    at: float
    lean: float = 0.0
    bend: float = 0.0
    length: float = 300.0
    phase: float = 0.0

    def __call__(self, along: float) -> float:
        return self.at + self.lean * along + self.bend * math.sin(along / self.length + self.phase)


# From west to east. The estate reaches from the fifth line to the tenth, main roads run in its second and fourth band.
MERIDIANS: Final = (
    Line(-1420, 0.02), Line(-1010, 0.01), Line(-994, 0.01), Line(-604, -0.02, 6, 190), Line(-588, -0.02, 6, 190),
    Line(-226, -0.075, 14, 200, 0.6), Line(-198, -0.075, 14, 200, 0.6),
    Line(204, 0.03, 12, 240, 2.1), Line(232, 0.03, 12, 240, 2.1),
    Line(584, 0.05, 8, 260), Line(600, 0.05, 8, 260), Line(985, 0.06), Line(1001, 0.06), Line(1420, 0.06),
)  # fmt: skip
# From north to south. The estate reaches from the fifth line to the tenth, where the river's bank begins.
PARALLELS: Final = (
    Line(1060, 0.02), Line(722, 0.03), Line(706, 0.03), Line(426, 0.035, 7, 310, 0.4), Line(410, 0.035, 7, 310, 0.4),
    Line(140, 0.05, 20, 300, 1.2), Line(112, 0.05, 20, 300, 1.2),
    Line(-122, 0.02, 12, 300, 2.9), Line(-148, 0.02, 12, 300, 2.9),
    Line(-392, 0.04, 36, 225, 0.3), Line(-402, 0.04, 36, 225, 0.3), Line(-478, 0.04, 42, 235, 0.35),
    Line(-500, 0.04, 42, 235, 0.35), Line(-556, 0.04, 10, 300), Line(-574, 0.04, 10, 300),
    Line(-830, 0.03), Line(-846, 0.03), Line(-1100, 0.02),
)  # fmt: skip
WEST, EAST, NORTH, SOUTH = 4, 9, 4, 9
BETWEEN_COLUMNS, BETWEEN_ROWS = (5, 7), (5, 7)
RIVER = (10, 11)
BANKS = ((9, 10), (11, 12))
MAIN_ROADS: Final = {
    "望江路": ("parallel", 5),
    "滨河路": ("parallel", 7),
    "竹林街": ("meridian", 5),
    "书院南路": ("meridian", 7),
}
SIDE_ROADS: Final = {
    "云台路": ("parallel", 1), "北苑街": ("parallel", 3), "江南大道": ("parallel", 13), "新桥路": ("parallel", 15),
    "西岭路": ("meridian", 1), "西园街": ("meridian", 3), "东园街": ("meridian", 9), "东桥路": ("meridian", 11),
}  # fmt: skip
RIVER_NAME: Final = "清溪河"

# Cells are written by one letter each. A capital stands for a building and its ground:
#   T tower  S slab  W walk-up  V villa  Y courtyard house  C commerce  O offices  E school  P pavilion  K clubhouse
#   X half of a slab so long that its units are shared out between two cells
# a small letter for public ground:
#   g garden  q square  a playing field  l lake  w riverside walk  p car park  t waste station
WIDTHS: Final = {"T": 1.0, "S": 1.1, "W": 1.1, "V": 0.8, "Y": 1.0, "C": 1.3, "O": 1.1, "E": 1.2, "P": 1.0, "K": 1.0,
                 "X": 1.0, "g": 1.0, "q": 1.2, "a": 1.4, "l": 2.2, "w": 2.0, "p": 0.9, "t": 0.6}  # fmt: skip
HEIGHTS: Final = {"w": 0.42, "V": 0.9, "l": 1.5, "E": 1.1}

Cluster = tuple[str, ...]  # its rows from north to south
Bands = tuple[tuple[Cluster, ...], ...]


@dataclass(frozen=True)
class Compound:
    """A functional zone: where it lies between the lines, what it is, and its clusters from north to south."""

    name: str
    kind: str  # residential, school, commerce, offices, park
    column: int
    row: int
    bands: Bands
    grade: str
    built: int
    part: tuple[float, float] = (0.0, 1.0)  # of its block, from west to east
    twist: tuple[float, float] = (0.0, 0.0)
    named: tuple[str, ...] = ()  # what its buildings are called, if not by numbers


COMPOUNDS: Final = (
    Compound(
        "锦江雅苑", "residential", 4, 4,
        ((("TTT", "TgT"), ("TTT", "TTT")), (("TTTT", "TpT"), ("TgT", "KTT"))),
        "一级", 2016, twist=(0.16, -0.12),
    ),
    Compound(
        "望江小学", "school", 6, 4, ((("EE", "gE"),), (("EK", "aa"),)),
        "二级", 2009, part=(0.0, 0.36), twist=(-0.1, 0.05),
        named=("教学楼", "综合楼", "实验楼", "体育馆", "食堂"),
    ),
    Compound(
        "翠竹里", "residential", 6, 4,
        ((("WWW", "WWW", "WWW"), ("YY", "gY", "YY")), (("WWWW", "WgW", "WWt"), ("WW", "YY", "WW"))),
        "三级", 1998, part=(0.36, 1.0), twist=(0.1, 0.1),
    ),
    Compound(
        "云栖苑", "residential", 8, 4,
        (
            (("VVVV", "VVVV", "VVVV"), ("VVV", "VgV", "VVV")),
            (("VVVV", "VVgV"), ("VVV", "VVK")),
            (("VVVVVVVV", "VVVVVVp"),),
        ),
        "一级", 2013, twist=(-0.2, 0.16),
    ),
    Compound(
        "望江花园", "residential", 4, 6,
        ((("SSS", "SgS"), ("SSS", "XXS")), (("SSS", "SpS"), ("SgS", "SSS")), (("SSSSSS", "SSgSSt"),)),
        "二级", 2006, twist=(0.12, 0.1),
    ),
    Compound(
        "望江天街", "commerce", 6, 6,
        ((("CC", "CC"), ("qC",)), (("CCCp", "CKC"),)),
        "一级", 2018, part=(0.0, 0.58), twist=(0.08, -0.14),
        named=(
            "天街购物中心", "云影城", "生鲜超市", "美食坊", "书城", "家居馆",
            "儿童城", "天街酒店", "健身中心", "会展厅", "商业街南楼",
        ),
    ),
    Compound(
        "锦程中心", "offices", 6, 6, ((("OO", "Og"),), (("OO", "pO"),)),
        "一级", 2019, part=(0.58, 1.0), twist=(-0.08, 0.1),
        named=("锦程中心A座", "锦程中心B座", "锦程中心C座", "锦程中心D座", "锦程中心E座", "锦程中心F座"),
    ),
    Compound(
        "梧桐公馆", "residential", 8, 6,
        ((("TTT", "TgT"), ("SSS", "SSS")), (("SSS", "SgS", "pSS"), ("TTTT", "SST"))),
        "一级", 2015, twist=(-0.14, -0.1),
    ),
    Compound(
        "安澜社区", "residential", 4, 8,
        (
            (("WWWW", "WgWW", "WWWW"), ("WWW", "WWW", "WWW")),
            (("WWWW", "WWW", "WWt"), ("WWp", "WWW", "WgW")),
            (("wwwww",),),
        ),
        "三级", 1994, twist=(0.1, 0.14),
    ),
    Compound(
        "清溪公园", "park", 6, 8,
        ((("qP", "gg"), ("ggP",)), (("gl", "Pg"),), (("wPww",),)),
        "一级", 2011, twist=(0.15, -0.15), named=("公园管理房", "茶楼", "游船码头", "观景阁"),
    ),
    Compound(
        "桂溪家园", "residential", 8, 8,
        ((("SSSS", "SgSS"),), (("SS", "SS"), ("SS", "pS")), (("TTT", "TTT"),), (("www",),)),
        "二级", 2010, part=(0.0, 0.62), twist=(-0.12, 0.12),
    ),
    Compound(
        "江南里", "residential", 8, 8,
        ((("YYY", "YgY"),), (("YYY", "KYY"),), (("YYY", "YY", "ww"),)),
        "一级", 2024, part=(0.62, 1.0), twist=(0.14, -0.1),
    ),
)  # fmt: skip
ROADS_NAME: Final = "公共道路"
