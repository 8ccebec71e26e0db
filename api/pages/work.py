"""The page of whoever works on the ground: his day, on a phone."""

from __future__ import annotations

from typing import Final

from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.pages.paper import page
from api.pages.phone import POLICY, files, links, spoken
from gridmap.domain.lifecycle import AWAITED, STATUSES, allowed
from gridmap.domain.model import Person, Site
from gridmap.domain.rights import Viewer
from gridmap.language import phrase, say
from gridmap.maps.words import STATUSES as STATUS_NAMES
from gridmap.maps.words import URGENCIES
from gridmap.storage import issues as stored_issues

# What is done by one thumb: the rest is done on the map. Each has what has to be said with it, and what can be.
ASKS: Final[dict[str, tuple[str, ...]]] = {
    "accept": (),
    "start": (),
    "arrive": (),
    "control": (),
    "resume": (),
    "file": (),
    "close": (),
    "check": ("passed", "note", "photos"),
    "resolve": ("note", "photos"),
    "answer": ("note!",),
    "hold": ("note!",),
    "support": ("note!",),
    "return": ("note!",),
}
ACTIONS: Final = {
    "accept": phrase("Take it on"),
    "start": phrase("Begin"),
    "arrive": phrase("I am there"),
    "control": phrase("It is under control"),
    "resume": phrase("Go on"),
    "file": phrase("File it"),
    "close": phrase("Close it"),
    "check": phrase("Look at it again"),
    "resolve": phrase("Put right"),
    "answer": phrase("Answer the reporter"),
    "hold": phrase("It has to wait"),
    "support": phrase("I need help"),
    "return": phrase("Not mine: hand back"),
}
WORDS: Final = {
    "title": phrase("My day"),
    "tasks": phrase("Tasks"),
    "patrol": phrase("Patrol"),
    "messages": phrase("Messages"),
    "map": phrase("Grid map"),
    "language": phrase("Language"),
    "on_duty": phrase("On duty"),
    "off_duty": phrase("Off duty"),
    "until": phrase("until {time}"),
    "nothing": phrase("Nothing waits for you."),
    "no_rounds": phrase("There is no round today."),
    "late_by": phrase("late by {span}"),
    "left": phrase("{span} left"),
    "no_limit": phrase("no limit runs"),
    "days": phrase("{days} d {hours} h"),
    "hours": phrase("{hours} h {minutes} min"),
    "minutes": phrase("{minutes} min"),
    "today": phrase("today {time}"),
    "tomorrow": phrase("tomorrow {time}"),
    "away": phrase("{metres} m away"),
    "near_me": phrase("How far it is"),
    "denied": phrase("The phone does not give its position."),
    "insecure": phrase("Without https the phone gives no position."),
    "no_position": phrase("No position was found in time."),
    "more": phrase("More"),
    "less": phrase("Less"),
    "call_reporter": phrase("Call {name}"),
    "reporter": phrase("the reporter"),
    "call_out": phrase("Call first: {body} {number}"),
    "way": phrase("Way there"),
    "on_map": phrase("On the map"),
    "seen_by": phrase("{count} more people saw it"),
    "note": phrase("In words"),
    "note_needed": phrase("Say it in words."),
    "photos": phrase("Photos"),
    "add_photo": phrase("Add a photo"),
    "drop_photo": phrase("Leave out photo {number}"),
    "photo_bad": phrase("This file is no picture that can be read."),
    "photo_of": phrase("Photo {number} of the issue"),
    "do_it": phrase("Send"),
    "passed": phrase("It has passed"),
    "failed": phrase("Rework"),
    "cancel": phrase("Cancel"),
    "sending": phrase("Sending …"),
    "done": phrase("Done: {what}"),
    "kept": phrase("Kept on this phone: {what}. It is sent as soon as there is a network."),
    "waiting": phrase("{count} waiting for a network"),
    "offline": phrase("There is no network at the moment: what you do is kept and sent later."),
    "conflict": phrase("{code}: {what} was not taken. It has changed meanwhile: {why}"),
    "refused": phrase("{code}: {what} was not taken: {why}"),
    "again": phrase("Do it all the same"),
    "forget": phrase("Leave it"),
    "checked_in": phrase("Checked in: {name}"),
    "doubtful": phrase("Checked in, but doubtful: {why}"),
    "not_counted": phrase("It does not count: {why}"),
    "check_in": phrase("Check in"),
    "visited": phrase("{visited} of {due} visited"),
    "photo_first": phrase("This checkpoint wants a photo."),
    "grid": phrase("Grid {code}"),
    "level": phrase("floor {level}"),
}


def _name(session: Session, viewer: Viewer) -> str:
    person = session.get(Person, viewer.person_id) if viewer.person_id is not None else None
    return person.name if person else viewer.name


def work_page(session: Session, viewer: Viewer, site: Site, language: str) -> HTMLResponse:
    """The page; what it shows comes from `/work/day`."""
    words = spoken(WORDS, language)
    categories = stored_issues.categories(session, site.id).values()
    said = {
        "language": language,
        "site": site.code,
        "timezone": site.timezone,
        "words": words,
        "actions": spoken(ACTIONS, language),
        "asks": ASKS,
        "awaited": AWAITED,
        "steps": {status: list(allowed(status, (viewer.role, "handler"))) for status in STATUSES},
        "statuses": spoken(STATUS_NAMES, language),
        "urgencies": spoken(URGENCIES, language),
        "categories": {row.code: say(row.name, language) for row in categories},
        "walks": viewer.person_id is not None and viewer.reach("patrol") is not None,
        "files": files(),
    }
    return page(
        "work.html",
        language,
        policy=POLICY,
        words=words,
        who=_name(session, viewer),
        site=site.name,
        said=said,
        files=files(),
        links=links("/work", {"site": site.code if viewer.site is None else None}),
    )
