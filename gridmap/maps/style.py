"""How everything looks, as one table of data: read by the layers here, by the legend and by the script."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from gridmap.language import Phrase, phrase

# What a map can show, and how far back its heat reaches in days.
LAYERS: Final = ("grids", "buildings", "facilities", "overlays", "issues", "heat")
HEAT_DAYS: Final = 90
# Beyond this many open issues only those that burn most are drawn; all of them are counted.
MOST_DRAWN: Final = 2_000

LAND: Final = "#fdfdfe"


@dataclass(frozen=True)
class Line:
    """A line of a tier: weight in pixels at zoom 16.25, where tiers differ by weight, value and dash."""

    colour: str
    weight: float
    casing: float = 0
    dash: str | None = None
    opacity: float = 1


@dataclass(frozen=True)
class Ground:
    """Ground of the paper: a fill; for a line its width on the ground in metres."""

    fill: str
    edge: str | None = None
    width_m: float = 0
    order: int = 0


@dataclass(frozen=True)
class Attention:
    """What an open issue asks for: a colour, a shape and a word, the same wherever it stands."""

    colour: str
    shape: str
    term: Phrase


TIERS: Final = {
    1: Line("#182848", 2.9, casing=6.4),
    2: Line("#3f6199", 1.7, opacity=0.95),
    3: Line("#8ea2bf", 0.8, dash="3 3", opacity=0.85),
}

# Kinds of facilities that are ground: what the rest lies on, drawn from the lowest order up.
GROUND: Final = {
    "block": Ground("#eef1f5", order=1),
    "green": Ground("#dcebdc", order=2),
    "lawn": Ground("#cfe4d0", order=6),
    "park": Ground("#cfe4d0", order=6),
    "water": Ground("#b9d4e8", order=3),
    "river": Ground("#b9d4e8", order=3, width_m=40),
    "lake": Ground("#b9d4e8", order=7),
    "road": Ground("#ffffff", edge="#d0d8e2", width_m=22, order=4),
    "lane": Ground("#f3f5f8", edge="#dde3ea", width_m=5, order=8),
    "path": Ground("#f3f5f8", edge="#dde3ea", width_m=2.5, order=8),
    "square": Ground("#f1eee8", order=6),
}

# use of a building: its fill; plans write uses in words of their own
BUILDINGS: Final = {
    "residential": "#d3dce7",
    "commercial": "#eadab9",
    "office": "#d5d9ec",
    "public": "#dcd6ea",
}
USES: Final = {
    "住宅": "residential", "居住": "residential", "商业": "commercial", "商業": "commercial", "商铺": "commercial",
    "办公": "office", "辦公": "office", "offices": "office", "公共": "public", "教育": "public", "会所": "public",
    "會所": "public", "school": "public", "leisure": "public", "service": "public",
}  # fmt: skip
# A road within a zone is a lane on the map; this long and it leads somewhere.
MAIN_ROAD_M: Final = 600.0
BUILDING_EDGE: Final = "#9dabbd"

FACILITY_STATES: Final = {
    "in_order": ("#5b7187", phrase("in order")),
    "degraded": ("#c27a00", phrase("degraded")),
    "out_of_order": ("#b3123a", phrase("out of order")),
    "closed": ("#8a93a0", phrase("shut down")),
}

OVERLAYS: Final = {
    "keeper": ("#8b5fbf", phrase("special keeper")),
    "contractor": ("#b0762b", phrase("contractor's area")),
    "key_area": ("#b5476b", phrase("key area")),
}

# What burns comes first: the order of the list, and of what lies on top.
ATTENTIONS: Final = {
    "overdue": Attention("#b3123a", "triangle", phrase("overdue")),
    "urgent": Attention("#ef8a00", "diamond", phrase("urgent")),
    "new": Attention("#1f6fd0", "circle", phrase("new")),
    "doing": Attention("#0b8f7a", "clock", phrase("in progress")),
    "verify": Attention("#7a869a", "square", phrase("to verify")),
}

# Open issues per 100 households: fixed breaks, so that a colour means the same every day.
LOAD_BREAKS: Final = (0.01, 1, 2, 4)
LOAD_COLOURS: Final = ("#f4f7fb", "#cfe0f5", "#9dbfe8", "#6396d6", "#2f66b3")
LOAD_TERMS: Final = ("0", "<1", "1–2", "2–4", "≥4")

HEAT: Final = {"0.15": "#fff3c4", "0.35": "#fde68a", "0.6": "#f97316", "0.95": "#b91c1c"}

Theme = Literal["light", "dark"]

# What of all this is another colour in the dark: for wall screens, where what burns must shine and the rest must not.
DARK: Final[dict[str, Any]] = {
    "land": "#101a2b",
    "tiers": {"1": "#f2f6ff", "2": "#79a2ea", "3": "#4a628c"},
    "casing": "#0a111e",
    "pointed": "#6aa5ff",
    "ground": {
        "block": ("#0e1625", None), "green": ("#11251f", None), "lawn": ("#12291f", None), "park": ("#12291f", None),
        "water": ("#10304c", None), "river": ("#10304c", None), "lake": ("#10304c", None), "square": ("#182032", None),
        "road": ("#1f2b40", "#0c1422"), "lane": ("#18233a", "#0f182a"), "path": ("#18233a", "#0f182a"),
    },
    "buildings": {"residential": "#22304a", "commercial": "#4a3f2c", "office": "#2b3056", "public": "#3a3052"},
    "buildingEdge": "#3a4c6b",
    "facilities": {"in_order": "#7f95ae", "degraded": "#f0a73a", "out_of_order": "#ff5c7a", "closed": "#69758a"},
    "overlays": {"keeper": "#b592e8", "contractor": "#d6a060", "key_area": "#e57a9c"},
    "attentions": {
        "overdue": "#ff5c7a", "urgent": "#ffb020", "new": "#5aa2ff", "doing": "#2fc6ac", "verify": "#9aa7b8",
    },
    "loadColours": ("#162238", "#1c3963", "#245494", "#3a7bc9", "#7cb6f5"),
    "heat": {"0.1": "#231151", "0.3": "#7b1fa2", "0.55": "#e64a57", "0.8": "#fb9f3a", "1.0": "#fcfdbf"},
}  # fmt: skip


def use_class(use: object) -> str:
    """Which of our uses a plan's word means; what is not known looks like the most common."""
    word = str(use).strip().lower()
    return word if word in BUILDINGS else USES.get(word, "residential")


def as_json(theme: Theme = "light") -> dict[str, Any]:
    """The table as the script reads it, in the colours of a theme."""
    return _light() if theme == "light" else _dark(_light())


def _light() -> dict[str, Any]:
    return {
        "land": LAND,
        "casing": "#ffffff",
        "pointed": "#1f5fd0",
        "tiers": {str(tier): asdict(line) for tier, line in TIERS.items()},
        "ground": {kind: asdict(ground) for kind, ground in GROUND.items()},
        "buildings": BUILDINGS,
        "buildingEdge": BUILDING_EDGE,
        "facilities": {state: colour for state, (colour, _) in FACILITY_STATES.items()},
        "overlays": {kind: colour for kind, (colour, _) in OVERLAYS.items()},
        "attentions": {name: attention.colour for name, attention in ATTENTIONS.items()},
        "loadBreaks": LOAD_BREAKS,
        "loadColours": LOAD_COLOURS,
        "heat": HEAT,
    }


def _dark(light: dict[str, Any]) -> dict[str, Any]:
    tiers = {tier: {**line, "colour": DARK["tiers"][tier]} for tier, line in light["tiers"].items()}
    ground = {
        kind: {**said, "fill": DARK["ground"][kind][0], "edge": DARK["ground"][kind][1] if said["edge"] else None}
        for kind, said in light["ground"].items()
    }
    return {**light, **DARK, "tiers": tiers, "ground": ground}
