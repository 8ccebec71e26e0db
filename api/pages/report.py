"""The page on which anybody reports what he sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.pages.paper import page
from api.pages.phone import POLICY, files, links, spoken
from gridmap.domain.model import Site
from gridmap.language import Phrase, phrase, say
from gridmap.maps.words import STATUSES
from gridmap.storage import issues as stored_issues

# What people see, by what it looks like rather than by who answers for it: tile, its name, its categories.
TILES: Final[dict[str, tuple[Phrase, tuple[str, ...]]]] = {
    "light": (phrase("Light, power"), ("lamp", "power")),
    "lift": (phrase("Lift"), ("lift", "lift_trapped")),
    "water": (phrase("Water"), ("water_leak", "drain", "burst_main", "manhole", "water_feature")),
    "rubbish": (
        phrase("Cleaning"),
        ("litter", "bin_full", "dirty_interior", "dirty_car_park", "waste_removal", "pests", "flyposting", "snow",
         "first_cleaning"),
    ),
    "fire": (phrase("Fire safety"), ("fire", "gas", "fire_lane", "fire_door", "fire_equipment")),
    "green": (phrase("Greening"), ("greening", "fallen_tree")),
    "door": (phrase("Doors, cameras"), ("access_control", "door_window", "intercom", "camera", "alarm_system")),
    "building": (phrase("Building, road"), ("road", "facade", "roof", "sign", "playground", "defect")),
    "noise": (
        phrase("Noise, neighbours"),
        ("noise", "decoration_noise", "decoration", "neighbours", "dogs", "fireworks", "tenants"),
    ),
    "vehicle": (phrase("Vehicles"), ("parking", "e_bike")),
    "safety": (phrase("Safety"), ("injury", "theft", "fight", "suspicious_person", "group_complaint")),
    "service": (phrase("Service, fees"), ("service", "fees", "illegal_building", "public_utility")),
    "other": (phrase("Other"), ("other",)),
}  # fmt: skip
# A site's own categories stand under the picture of their group.
OF_GROUP: Final = {
    "fire_safety": "fire", "smart_systems": "door", "decoration": "noise", "tenants": "noise", "sanitation": "rubbish",
    "cleaning": "rubbish", "greening": "green", "equipment": "building", "defects": "building", "order": "safety",
    "vehicles": "vehicle", "neighbours": "noise", "service": "service", "fees": "service", "outside": "service",
    "other": "other",
}  # fmt: skip
# kind of facility: what is mostly wrong with one
OF_FACILITY: Final = {
    "lift": "lift", "lamp": "lamp", "manhole": "manhole", "gate": "access_control", "camera": "camera",
    "bin": "bin_full", "playground": "playground", "hydrant": "fire_equipment", "sewer": "drain",
    "charging": "e_bike", "waste_station": "waste_removal", "pump_room": "water_leak", "pump": "water_leak",
}  # fmt: skip

WORDS: Final = {
    "title": phrase("Report something"),
    "lead": phrase("Where, what, send: three taps."),
    "where": phrase("Where?"),
    "what": phrase("What is it?"),
    "which": phrase("Which of these?"),
    "more": phrase("More, if you like"),
    "locate": phrase("My position"),
    "locating": phrase("Looking for your position …"),
    "map": phrase("Small map: tap where it is, drag the pin to correct it"),
    "tap": phrase("Tap the map where it is, or let the phone find you."),
    "drag": phrase("Drag the pin if it is not quite right."),
    "from_plate": phrase("From the plate: {code}"),
    "unknown_plate": phrase("The plate {code} is not known here: tap the map instead."),
    "accuracy": phrase("accurate to about {metres} m"),
    "denied": phrase("The phone does not give its position: tap the map instead."),
    "insecure": phrase("Without https the phone gives no position: tap the map instead."),
    "no_position": phrase("No position was found in time: tap the map instead."),
    "not_ours": phrase("This place is not ours."),
    "elsewhere": phrase("This place is not ours. The right channel is:"),
    "grid": phrase("Grid {code}"),
    "answers_to_you": phrase("{role} is responsible"),
    "asking": phrase("Asking whose it is …"),
    "first_answer": phrase("Answer by {time}"),
    "on_site": phrase("On site by {time}"),
    "under_control": phrase("Under control by {time}"),
    "resolved": phrase("Put right by {time}"),
    "today": phrase("today {time}"),
    "tomorrow": phrase("tomorrow {time}"),
    "call": phrase("Call first: {body} {number}"),
    "referred": phrase("This is beyond our power: {body} sees to it. We pass it on and follow it."),
    "twins": phrase("Already reported close by. Is it the same?"),
    "twin": phrase("{metres} m away · since {time} · {status}"),
    "people": phrase("{count} people"),
    "me_too": phrase("Me too"),
    "text": phrase("In words"),
    "text_needed": phrase("Say in words what it is."),
    "photos": phrase("Photos"),
    "add_photo": phrase("Add a photo"),
    "drop_photo": phrase("Leave out photo {number}"),
    "photo_bad": phrase("This file is no picture that can be read."),
    "level": phrase("Floor, if inside"),
    "contact": phrase("How to reach you (optional)"),
    "name": phrase("Your name"),
    "phone": phrase("Your phone"),
    "private": phrase("Seen by those who see to it, and by nobody else."),
    "code": phrase("Code on the plate, or from the front desk"),
    "send": phrase("Send the report"),
    "join": phrase("I see it too"),
    "sending": phrase("Sending …"),
    "where_first": phrase("Say where it is."),
    "what_first": phrase("Say what it is."),
    "code_first": phrase("Say the code."),
    "done": phrase("Thank you. It has arrived."),
    "joined": phrase("Thank you. You are noted beside the others."),
    "number": phrase("Number {code}"),
    "link": phrase("Follow it, add to it and rate it with this link:"),
    "follow": phrase("See how it stands"),
    "copy": phrase("Copy the link"),
    "copied": phrase("Copied."),
    "share": phrase("Share"),
    "another": phrase("Report something else"),
    "mine": phrase("Reported from this phone"),
    "kept": phrase("No network. It is kept on this phone and sent by itself as soon as there is one."),
    "waiting": phrase("{count} waiting for a network"),
    "offline": phrase("There is no network at the moment: what you send is kept and goes out later."),
    "refused": phrase("It could not be sent: {why}"),
    "too_many": phrase("Too many reports at once: it is kept, and sent by itself in a while."),
    "wrong_code": phrase("This is not the code."),
    "wrong_photo": phrase("A photo cannot be read: leave it out, and send the rest."),
    "twin_gone": phrase("That has been settled meanwhile: send yours by itself."),
    "closed": phrase("No reports are taken here: call the front desk of the site."),
    "forget": phrase("Delete"),
    "honey": phrase("Leave this empty"),
    "zoom_in": phrase("Zoom in"),
    "zoom_out": phrase("Zoom out"),
    "language": phrase("Language"),
}
SITES: Final = {
    "title": WORDS["title"],
    "which": phrase("Where are you?"),
    "none": phrase("No reports are taken here: call the front desk of the site."),
}


def report_page(session: Session, site: Site, language: str, ticket: str, there: Mapping[str, Any]) -> HTMLResponse:
    """The form of a site; what its script needs stands in it as data."""
    words = spoken(WORDS, language)
    plate = there["plate"]
    said = {
        "language": language,
        "site": site.code,
        "timezone": site.timezone,
        "words": words,
        "statuses": {name: word.say(language) for name, word in STATUSES.items()},
        "tiles": _tiles(session, site, language),
        "ticket": ticket,
        "ask_code": site.report_code is not None,
        "plate": plate and {name: plate[name] for name in ("kind", "code", "lon", "lat")},
        "guess": OF_FACILITY.get(plate["of_kind"] or "") if plate else None,
        "unknown": there["unknown"],
        "datum": there["datum"],
        "files": files(),
    }
    others = links("/report", there["asked"])
    return page(
        "report.html", language, policy=POLICY, words=words, site=site.name, said=said, files=files(), links=others
    )


def _tiles(session: Session, site: Site, language: str) -> list[dict[str, Any]]:
    known = stored_issues.categories(session, site.id)
    placed = {code for _, codes in TILES.values() for code in codes}
    found = []
    for name, (title, codes) in TILES.items():
        own = [row.code for row in known.values() if row.code not in placed and OF_GROUP.get(row.group) == name]
        listed = [known[code] for code in (*codes, *own) if code in known]
        if listed:
            choices = [
                {"code": row.code, "name": say(row.name, language), "life": row.urgency == "life"} for row in listed
            ]
            found.append({"name": name, "title": title.say(language), "choices": choices})
    return found


def which_site(sites: Sequence[Site], language: str, said: Mapping[str, str | None]) -> HTMLResponse:
    """Where there are several sites, or none, the page asks which."""
    words = spoken(SITES, language)
    kept = {name: value for name, value in said.items() if value}
    named = [{"code": site.code, "name": site.name} for site in sites]
    return page("sites.html", language, words=words, sites=named, said=kept)
