"""What the map says to people, and how it writes times and spans."""

from __future__ import annotations

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

# What can be done about an issue, as a button says it.
ACTIONS: Final = {
    "file": phrase("File"),
    "verify": phrase("Verify"),
    "dispatch": phrase("Hand out"),
    "accept": phrase("Accept"),
    "return": phrase("Hand back"),
    "transfer": phrase("Hand over"),
    "start": phrase("Start"),
    "arrive": phrase("I am on site"),
    "control": phrase("Under control"),
    "hold": phrase("Put on hold"),
    "resume": phrase("Go on"),
    "support": phrase("Ask for support"),
    "refer": phrase("Refer out"),
    "resolve": phrase("Resolved"),
    "check": phrase("Check"),
    "answer": phrase("Answer the reporter"),
    "follow_up": phrase("Follow up"),
    "close": phrase("Close the case"),
    "reopen": phrase("Take up again"),
    "void": phrase("Strike off"),
    "merge": phrase("Merge"),
    "supervise": phrase("Put under supervision"),
    "plan": phrase("Set a plan"),
    "sign": phrase("Sign"),
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

# Spans of time, as the script writes them.
SPANS: Final = {
    "days": phrase("{days} d {hours} h"),
    "hours": phrase("{hours} h {minutes} min"),
    "minutes": phrase("{minutes} min"),
    "late": phrase("late by {span}"),
    "left": phrase("{span} left"),
    "held": phrase("on hold"),
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
    "heat": phrase("heat"),
    "load": phrase("load of the cells"),
}

SCREEN: Final = {
    "title": phrase("Electronic grid map"),
    "layers": phrase("Layers"),
    "group_ground": phrase("Ground"),
    "group_day": phrase("Today"),
    "group_past": phrase("Looking back"),
    "group_people": phrase("People"),
    "group_analysis": phrase("Analyses"),
    "open": phrase("Open"),
    "open_note": phrase("{doing} in progress · {verify} to verify"),
    "overdue": phrase("Overdue"),
    "at_once": phrase("act now"),
    "none_late": phrase("nothing is late"),
    "closed_today": phrase("Settled today"),
    "closed_note": phrase("{done} of {due} due"),
    "first_answer": phrase("First answer in"),
    "minutes": phrase("min"),
    "hours": phrase("h"),
    "than_last_week": phrase("{change} on last week"),
    "no_figure": phrase("no figure yet"),
    "reported": phrase("Reported today"),
    "of_day": phrase("since midnight"),
    "list": phrase("Open issues"),
    "by_urgency": phrase("most urgent first"),
    "none": phrase("Nothing is open."),
    "none_shown": phrase("None of the {count} open issues passes the filters."),
    "more": phrase("Show {count} more"),
    "more_than_shown": phrase("{count} in all; the {drawn} most urgent are listed"),
    "load": phrase("open issues per 100 households"),
    "basemap": phrase("base map"),
    "search": phrase("Grid, owner, building or issue"),
    "found": phrase("{count} found"),
    "found_none": phrase("Nothing is called so."),
    "found_grid": phrase("grid"),
    "found_building": phrase("building"),
    "found_issue": phrase("issue"),
    "filters": phrase("Filters"),
    "filter_when": phrase("reported"),
    "when_any": phrase("at any time"),
    "when_1": phrase("in the last day"),
    "when_7": phrase("in the last 7 days"),
    "when_30": phrase("in the last 30 days"),
    "filter_category": phrase("category"),
    "filter_status": phrase("status"),
    "filter_owner": phrase("owner"),
    "filter_under": phrase("zone or cluster"),
    "any": phrase("all"),
    "clear": phrase("Clear"),
    "choose": phrase("Choose {title}"),
    "chosen": phrase("{count} chosen"),
    "language": phrase("Language"),
    "menu": phrase("Account and language"),
    "theme_dark": phrase("Dark theme"),
    "theme_light": phrase("Light theme"),
    "sign_out": phrase("Sign out"),
    "messages": phrase("Messages"),
    "work": phrase("My day"),
    "docs": phrase("The API"),
    "report": phrase("Report something"),
    "skip": phrase("To the map"),
    "map": phrase("Map of the grids: arrow keys move it, plus and minus zoom, Tab goes through the issues"),
    "figures": phrase("Figures and issues"),
    "zoom_in": phrase("Zoom in"),
    "zoom_out": phrase("Zoom out"),
    "whole": phrase("Show all of it"),
    "close": phrase("Close"),
    "card": phrase("Card"),
    "time": phrase("Time"),
    "mix": phrase("Open issues by what they ask for"),
    "failed": phrase("The service does not answer: {reason}"),
    "signed_out": phrase("You are signed out: sign in again."),
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
