"""Forms are filled: what fails becomes an issue that is routed already; joint checks accept what failed before."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gridmap.domain.commands import Actor, Command
from gridmap.domain.model import Site
from gridmap.domain.patrols import INSPECTION_KINDS
from gridmap.domain.subjects import SUBJECTS, Answer, Item, form_of, judge, refuse_unfit
from gridmap.domain.superiors import acting
from gridmap.errors import ConflictError, FieldError, NotFoundError
from gridmap.language import DEFAULT
from gridmap.operations import facilities
from gridmap.operations.intake import Intake, Report
from gridmap.operations.moves import act
from gridmap.operations.rosters import Rosters
from gridmap.storage import inspections as stored
from gridmap.storage import issues as stored_issues

SOURCE: Final = "inspection"
AHEAD: Final = timedelta(minutes=5)
OLDEST: Final = timedelta(days=31)
# Who looks together, every half month.
JOINT_ROLES: Final = frozenset({"grid_owner", "environment_officer"})
# What a check that fails again does to the issue, by how that stands; else it goes on as it is.
AGAIN: Final = {"resolved": "check", "checked": "reopen", "closed": "reopen"}


@dataclass(frozen=True)
class InspectionGiven:
    """A filled form: answers by item, notes on some of them; `uid` is the phone's own number of it.

    `rechecks` says of failures that are still open, by their numbers, whether they are put right.
    """

    uid: str
    account_id: int
    subject: int
    answers: Mapping[str, Any]
    at: datetime
    notes: Mapping[str, str] = field(default_factory=dict)
    kind: str = "sample"
    building: str | None = None
    facility: str | None = None
    lon: float | None = None
    lat: float | None = None
    person_id: int | None = None
    person: str | None = None
    joint_with: str | None = None
    round: int | None = None
    note: str | None = None
    rechecks: Mapping[int, bool] = field(default_factory=dict)
    state: str | None = None
    next_due: date | None = None
    language: str = DEFAULT
    # The grids that whoever fills it answers for; None for all.
    within: Container[str | None] | None = None


@dataclass
class Inspected:
    """What became of a form: its number, whether all of it passed, and the issues of what did not, by item."""

    number: int
    passed: bool = True
    issues: dict[str, str] = field(default_factory=dict)
    before: bool = False


def inspect(
    session: Session, site: Site, given: InspectionGiven, at: datetime, intake: Intake | None = None
) -> Inspected:
    """Take a filled form: once, however often it is sent."""
    stored.lock_upload(session, given.account_id, given.uid)
    number = stored.number_of(session, given.account_id, given.uid)
    if number is not None:
        return Inspected(number, before=True)
    if not at - OLDEST <= given.at <= at + AHEAD:
        raise FieldError("at", "a form was filled within the last 31 days, and not in the future")
    place = _place(session, site, given)
    answers = judge(form_of(given.subject, stored.own_items(session, site.id)), given.answers, given.at, site.timezone)
    if not answers and not given.rechecks:
        raise FieldError("answers", "nothing was answered: answer one item at least")
    failures = _failures(session, site, given, place)
    if given.kind == "joint":
        _refuse_unfit_pair(session, site, given, place)
    issues = _issues(session, site, given, place, [each for each in answers if each.passed is False], at, intake)
    passed = all(each.passed is not False for each in answers) and all(given.rechecks.values())
    number = stored.write_inspection(session, _row(site, given, place, at, passed=passed))
    stored.write_answers(session, number, [*_answers(answers, given, issues), *_looked_at_again(failures, given)])
    _settle(session, given, number, failures, at)
    if given.facility is not None:
        _facility(session, site, given, at)
    return Inspected(number, passed, issues)


def _place(session: Session, site: Site, given: InspectionGiven) -> Row[Any]:
    if given.kind not in INSPECTION_KINDS:
        raise FieldError("kind", f"an inspection is one of {', '.join(INSPECTION_KINDS)}")
    if given.subject not in SUBJECTS:
        raise FieldError("subject", f"subjects are numbered 1 to {len(SUBJECTS)}")
    if given.facility is None and (given.state is not None or given.next_due is not None):
        named = "state" if given.state is not None else "next_due"
        raise FieldError(named, "this is said of a facility: name it")
    spot = (given.lon, given.lat) if given.lon is not None and given.lat is not None else None
    place = stored.place_of(session, site.id, given.at, given.building, given.facility, spot)
    if place is None:
        named = "building" if given.building else "facility" if given.facility else "lon"
        raise FieldError(named, "say where it was: a building or a facility of the site, or lon and lat")
    if given.within is not None and place.grid not in given.within:
        raise NotFoundError("this is not on your ground: report what you saw as an issue")
    return place


def _row(site: Site, given: InspectionGiven, place: Row[Any], at: datetime, *, passed: bool) -> dict[str, Any]:
    return {
        "uid": given.uid, "site_id": site.id, "subject": given.subject, "kind": given.kind,
        "building_id": place.building_id, "facility_id": place.facility_id, "grid": place.grid, "round": given.round,
        "account_id": given.account_id, "person_id": given.person_id, "joint_with": given.joint_with, "at": given.at,
        "received_at": at, "passed": passed, "note": given.note, "lon": place.lon, "lat": place.lat,
    }  # fmt: skip


def _answers(answers: Sequence[Answer], given: InspectionGiven, issues: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "subject": each.item.subject, "item": each.item.code, "value": each.value, "passed": each.passed,
            "note": given.notes.get(each.item.code), "issue": issues.get(each.item.code), "earlier": None,
        }
        for each in answers
    ]  # fmt: skip


# ---------------------------------------------------------------- what fails


def _issues(
    session: Session,
    site: Site,
    given: InspectionGiven,
    place: Row[Any],
    failed: Sequence[Answer],
    at: datetime,
    intake: Intake | None,
) -> dict[str, str]:
    """The issue of each item that failed: one that is open already, else a new one, which names subject and item."""
    if not failed:
        return {}
    found = stored.going_on(session, site.id, place, given.subject, [each.item.code for each in failed])
    new = [each for each in failed if each.item.code not in found]
    reports = [_report(site, given, place, each) for each in new]
    outcomes = (intake or Intake()).take(session, reports, at) if reports else []
    for each, report, outcome in zip(new, reports, outcomes, strict=True):
        if isinstance(outcome.error, ConflictError) and report.reference is not None:
            found |= {
                each.item.code: stored.issues_by_reference(session, site.id, [report.reference])[report.reference]
            }
        elif outcome.error is not None:
            raise outcome.error
        else:
            found[each.item.code] = json.loads(outcome.answer)["code"]
    return found


def _report(site: Site, given: InspectionGiven, place: Row[Any], failed: Answer) -> Report:
    said = [SUBJECTS[given.subject].say(given.language), failed.item.text.say(given.language)]
    if not isinstance(failed.value, bool):
        said.append(f"{failed.value} {failed.item.unit or ''}".strip())
    if note := given.notes.get(failed.item.code):
        said.append(note)
    return Report(
        lon=place.lon,
        lat=place.lat,
        account_id=given.account_id,
        source=SOURCE,
        category=failed.item.category,
        kind="inspection",
        text=" · ".join(part for part in (place.building or place.facility, *said) if part),
        level=place.level,
        facility=given.facility,
        reported_at=given.at,
        reference=f"{given.account_id}/{given.uid}/{failed.item.code}",
        site=site.code,
        language=given.language,
    )


# ---------------------------------------------------------------- joint checks


def _refuse_unfit_pair(session: Session, site: Site, given: InspectionGiven, place: Row[Any]) -> None:
    """A joint check is of two people who hold the two posts for that ground."""
    rosters = Rosters(session, site.id, given.at)
    ground = {None, *rosters.tree.chain(place.grid)}
    held: dict[str, set[str | None]] = {}
    for post in rosters.posts(given.at):
        if post.role in JOINT_ROLES and post.grid in ground:
            acts = acting(post)
            held.setdefault(post.role, set()).update({post.person.code, acts.code if acts else None})
    pair = {given.person, given.joint_with} - {None}
    covered = {role for role in JOINT_ROLES if held.get(role, set()) & pair}
    if len(pair) < 2 or covered != JOINT_ROLES:
        raise FieldError("joint_with", "a joint check is of the grid owner and the environment officer of that ground")


def _failures(session: Session, site: Site, given: InspectionGiven, place: Row[Any]) -> dict[int, Row[Any]]:
    """The open failures that are looked at again."""
    if not given.rechecks:
        return {}
    if given.kind != "joint":
        raise FieldError("rechecks", "a joint check accepts what failed before, and nothing else does")
    known = {row.id: row for row in stored.open_failures(session, site.id, place.building_id)}
    unknown = set(given.rechecks) - set(known)
    if unknown:
        raise FieldError("rechecks", f"{min(unknown)} is no failure that is open here")
    return {number: known[number] for number in given.rechecks}


def _looked_at_again(failures: Mapping[int, Row[Any]], given: InspectionGiven) -> list[dict[str, Any]]:
    return [
        {
            "subject": row.subject, "item": row.item, "value": given.rechecks[number], "passed": given.rechecks[number],
            "note": None, "issue": row.issue, "earlier": number,
        }
        for number, row in failures.items()
    ]  # fmt: skip


def _settle(
    session: Session, given: InspectionGiven, number: int, failures: Mapping[int, Row[Any]], at: datetime
) -> None:
    """Accept what is put right, and pass the word on to the issues: what has failed again is rework."""
    if not failures:
        return
    stored.settle(session, number, at, given.rechecks)
    # One of the two is the grid owner, whose part it is to check.
    actor = Actor("grid_owner", given.account_id, given.person)
    commands = []
    for failure, row in failures.items():
        passed = given.rechecks[failure]
        action = "check" if passed and row.status == "resolved" else None if passed else AGAIN.get(row.status)
        if row.issue is not None and action is not None:
            note = f"{SUBJECTS[row.subject].say(given.language)} · {row.item}"
            told = passed if action == "check" else None
            commands.append(Command(row.issue, action, actor, note=note, passed=told))
    # An issue that has gone on meanwhile keeps its course: what was seen stands in the form.
    act(session, commands, at)


def _facility(session: Session, site: Site, given: InspectionGiven, at: datetime) -> None:
    """What was seen of a facility: its state, and when it is due again."""
    if given.state is not None:
        facilities.set_state(
            session, site, str(given.facility), given.state, given.at, at, account_id=given.account_id,
            person_id=given.person_id, note=given.note,
        )  # fmt: skip
    if given.next_due is not None:
        facilities.set_due(session, site, str(given.facility), given.next_due)


# ---------------------------------------------------------------- a site's own standards


def write_item(session: Session, site: Site, item: Item, *, left_out: bool = False) -> None:
    """Let a site hold an item against its own standard, add one, or leave one out."""
    if item.subject not in SUBJECTS:
        raise FieldError("subject", f"subjects are numbered 1 to {len(SUBJECTS)}")
    if item.category not in stored_issues.categories(session, site.id):
        raise FieldError("category", f"no category is called {item.category!r}")
    stored.write_item(session, site.id, item if left_out else refuse_unfit(item), left_out=left_out)
