"""What the map says to people, and how it writes times and spans."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from gridmap.domain.roles import ROLES
from gridmap.language import Phrase, phrase, say

STATUSES: Final = {
    "reported": phrase("reported"),
    "filed": phrase("filed"),
    "dispatched": phrase("dispatched"),
    "accepted": phrase("accepted"),
    "in_progress": phrase("in progress"),
    "on_hold": phrase("on hold"),
    "referred": phrase("referred out"),
    "resolved": phrase("resolved"),
    "checked": phrase("checked"),
    "closed": phrase("closed"),
    "void": phrase("void"),
    "merged": phrase("merged"),
}

URGENCIES: Final = {
    "life": phrase("life at risk"),
    "emergency": phrase("emergency"),
    "urgent": phrase("pressing"),
    "normal": phrase("normal"),
}

# kind of facility: its name; another kind is called as the plan calls it
FACILITIES: Final = {
    "lift": phrase("lift"),
    "pump_room": phrase("pump room"),
    "pump": phrase("pump"),
    "hydrant": phrase("hydrant"),
    "manhole": phrase("manhole"),
    "lamp": phrase("lamp"),
    "gate": phrase("gate"),
    "camera": phrase("camera"),
    "bin": phrase("bin"),
    "playground": phrase("playground"),
    "sewer": phrase("sewer"),
    "wall": phrase("wall"),
    "car_park": phrase("car park"),
    "charging": phrase("charging shed"),
    "power_room": phrase("power room"),
    "waste_station": phrase("waste station"),
    "shelter": phrase("shelter"),
    "septic_tank": phrase("septic tank"),
}

BUILDING_USES: Final = {
    "residential": phrase("residential"),
    "commercial": phrase("commercial"),
    "office": phrase("offices"),
    "public": phrase("public use"),
}

# What stands before a value in a card, by the key the script finds it under, in this order.
LABELS: Final = {
    "status": phrase("status"),
    "urgency": phrase("urgency"),
    "reported": phrase("reported at"),
    "due": phrase("due"),
    "kind": phrase("kind"),
    "state": phrase("state"),
    "use": phrase("use"),
    "floors": phrase("floors"),
    "chain": phrase("lies in"),
    "grid": phrase("grid"),
    "level": phrase("level"),
    "keeper": phrase("keeper"),
    "owner": phrase("answers"),
    "phone": phrase("phone"),
    "households": phrase("households"),
    "open": phrase("open issues"),
    "warranty": phrase("warranty until"),
    "inspection": phrase("inspection due"),
    "risk": phrase("risk"),
}

# The legend, which is the layer switch.
LAYERS: Final = {
    "tier1": phrase("tier 1 · zones"),
    "tier2": phrase("tier 2 · clusters"),
    "tier3": phrase("tier 3 · cells"),
    "buildings": phrase("buildings"),
    "facilities": phrase("facilities"),
    "overlays": phrase("overlays"),
    "issues": phrase("issues"),
    "heat": phrase("heat of {days} days"),
    "load": phrase("load of the cells"),
}

SCREEN: Final = {
    "title": phrase("Electronic grid map"),
    "layers": phrase("Layers"),
    "open": phrase("Open"),
    "overdue": phrase("Overdue"),
    "urgent": phrase("Urgent"),
    "today": phrase("Reported today"),
    "at_once": phrase("act now"),
    "of_day": phrase("since midnight"),
    "list": phrase("Open issues"),
    "by_urgency": phrase("most urgent first"),
    "none": phrase("Nothing is open."),
    "load": phrase("open issues per 100 households"),
    "search": phrase("Grid, owner or building"),
    "language": phrase("Language"),
    "sign_out": phrase("Sign out"),
    "messages": phrase("Messages"),
    "skip": phrase("To the map"),
    "map": phrase("Map of the grids: arrow keys move it, plus and minus zoom, Tab goes through the issues"),
    "figures": phrase("Figures and issues"),
    "zoom_in": phrase("Zoom in"),
    "zoom_out": phrase("Zoom out"),
    "close": phrase("Close"),
    "mix": phrase("Open issues by what they ask for"),
}

LANGUAGE_NAMES: Final = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}


def spoken(table: dict[str, Phrase], language: str) -> dict[str, str]:
    """Every word of a table in a language."""
    return {name: said.say(language) for name, said in table.items()}


def term(table: dict[str, Phrase], name: Any, language: str) -> str | None:
    """The word for a value, or the value itself where the table has none."""
    if not given(name):
        return None
    return table[name].say(language) if name in table else str(name)


def role_term(role: Any, language: str) -> str | None:
    """The name of a role."""
    return say(ROLES.get(role, str(role)), language) if given(role) else None


def given(value: Any) -> bool:
    """Whether a cell of a frame holds anything."""
    return value is not None and value is not pd.NaT and not (isinstance(value, float) and value != value)


def moment_words(moment: Any, timezone: str) -> str | None:
    """A moment by the site's clock."""
    if not given(moment):
        return None
    return f"{pd.Timestamp(moment).to_pydatetime().astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def span_words(span: timedelta, language: str) -> str:
    """How long, in two units at most."""
    minutes = int(abs(span.total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return phrase("{days} d {hours} h", days=days, hours=hours).say(language)
    if hours:
        return phrase("{hours} h {minutes} min", hours=hours, minutes=rest).say(language)
    return phrase("{minutes} min", minutes=rest).say(language)


def due_words(due: Any, at: datetime, language: str) -> str | None:
    """How late something is, or how long is left."""
    if not given(due):
        return None
    left = pd.Timestamp(due).to_pydatetime() - at
    span = span_words(left, language)
    said = phrase("late by {span}", span=span) if left < timedelta(0) else phrase("{span} left", span=span)
    return said.say(language)
