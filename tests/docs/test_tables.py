"""The tables of the guide are those of the code: each is printed here and held against its page.

A table stands under its name in a comment, `<!-- rights -->`. `GRIDMAP_WRITE_DOCS=1` writes what the code says.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from api import gate, problems, schemas, sessions
from api.app import OPEN, ROUTERS
from api.routes import actions
from gridmap import analytics
from gridmap.analytics import emerging as emerging_spots
from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.domain import passwords
from gridmap.domain.commands import BELONGS, NEEDS, Command
from gridmap.domain.dispatching import EMERGENCY, HANDS_OUT, OUTSIDE
from gridmap.domain.duplicates import NEAR, OTHERWISE, Near
from gridmap.domain.escalation import DIRECTING, LADDER
from gridmap.domain.evaluation import WEIGHTS
from gridmap.domain.findings import CHECKS
from gridmap.domain.frequencies import FREQUENCIES, Frequency
from gridmap.domain.history import SETS
from gridmap.domain.hours import HOURS, HOURS_OF_ROLE, hours_as_json
from gridmap.domain.lifecycle import ACTIONS, HANDLER, REPORTER, STATUSES, STEPS, SYSTEM, Step
from gridmap.domain.limits import table
from gridmap.domain.patrols import SUSPICIONS
from gridmap.domain.rights import ACCOUNT_ROLES, BOUND_TO_GRID, RIGHT_NAMES, RIGHTS
from gridmap.domain.roles import ROLES
from gridmap.domain.rules import RULES
from gridmap.domain.subjects import ITEMS, SUBJECTS, Item
from gridmap.errors import FieldError
from gridmap.language import say
from gridmap.operations import accounts, follow_ups, moves, photos
from gridmap.spatial.files import photos as pictures
from gridmap.storage import accounts as stored
from gridmap.storage import views
from tests.conftest import PROJECT

GUIDE = PROJECT / "docs" / "guide"
REACHES = {"area": "all of it", "work": "his work", "own": "his own", None: "–"}
Row = Sequence[str]


def rights() -> Iterator[Row]:
    """Who may do what, a row for each right."""
    yield ("right", *(role.replace("_", " ") for role in ACCOUNT_ROLES))
    for right, roles in RIGHTS.items():
        yield (f"`{right}`: {RIGHT_NAMES[right]}", *(REACHES[roles.get(role)] for role in ACCOUNT_ROLES))


def roles() -> Iterator[Row]:
    """What an account of each role has to name."""
    yield ("role", "", "names", "its part of the tree")
    for role, term in ACCOUNT_ROLES.items():
        yield (f"`{role}`", say(term, "zh-Hans"), *_bound(role))


def _bound(role: str) -> Row:
    if role in BOUND_TO_GRID:
        return (
            "`--grid`, or `--person` who holds the post",
            "the grid and all below it, or those he holds",
        )
    if role in stored.OF_PERSON:
        return "`--person`", "the grids of his posts; the whole site, if a post is of the whole site"
    if role == "admin":
        return "nothing, or `--site`", "all sites, or one"
    return "nothing", "the whole site; with `--grid`, a part of it"


# ---------------------------------------------------------------- an issue's life

WHO = {HANDLER: "who has it", REPORTER: "who reported it", SYSTEM: "gridmap", **ROLES, **ACCOUNT_ROLES}


def lifecycle() -> Iterator[Row]:
    """What may be done in which statuses, what comes of it, and by whom: a row for what is alike."""
    yield ("action", "in", "leads to", "by whom")
    stays = {action for _, action in STEPS} - {action for (status, action), step in STEPS.items() if step.to != status}
    alike: dict[tuple[str, Step], list[str]] = {}
    for (status, action), step in sorted(STEPS.items(), key=lambda each: STATUSES.index(each[0][0])):
        alike.setdefault((action, replace(step, to="") if action in stays else step), []).append(status)
    for (action, step), statuses in sorted(alike.items(), key=lambda each: ACTIONS.index(each[0][0])):
        leads = f"`{step.to}`" if step.to else "the same"
        if step.failed:
            leads += f"; `{step.failed}`, if it has not passed"
        yield f"`{action}`", _words(statuses), leads, ", ".join(WHO[role] for role in step.roles)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def sayings() -> Iterator[Row]:
    """What an action cannot do without, what else it may say, and which stamps it sets."""
    yield ("action", "must say", "may say", "sets")
    for action in ACTIONS:
        needed = dict(_needed(action))
        may = [name for name, at in BELONGS.items() if action in at and name not in needed]
        yield (
            f"`{action}`", "; ".join(f"`{name}`: {why}" for name, why in needed.items()), _words(may),
            _words(SETS.get(action, ())),
        )  # fmt: skip


def _needed(action: str) -> Iterator[tuple[str, str]]:
    for check in NEEDS.get(action, ()):
        try:
            check(Command("", action))
        except FieldError as error:
            yield error.field, str(error)


def rules() -> Iterator[Row]:
    """Whose an issue is: the first rule that holds."""
    yield ("rule", "in words")
    for rule in RULES:
        yield rule.name, rule.text


def limits() -> Iterator[Row]:
    """By when what has to have happened."""
    for number, (applies, stamp, *others) in enumerate(table()):
        yield (applies, f"`{stamp}`" if number else stamp, *others)


SEATS = {
    HANDLER: "whoever has it in hand; as long as nobody has, whoever hands work out",
    DIRECTING: "whoever directs him",
    **ROLES,
}


def ladder() -> Iterator[Row]:
    """Who hears of a limit."""
    yield ("step", "after", "who is told")
    for rung in LADDER:
        yield f"`{rung.step}`", f"{rung.share:.0%}", ", ".join(SEATS[seat] for seat in rung.seats)


def hands_out() -> Iterator[Row]:
    """Who hands work out under each model."""
    yield ("`dispatch_model`", "who hands work out: the first that is there")
    for model, seats in HANDS_OUT.items():
        yield f"`{model}`", ", ".join(ROLES[role] for role in seats)


def emergency() -> Iterator[Row]:
    """Whom an emergency reaches."""
    yield ("an emergency reaches at the same moment",)
    for role in EMERGENCY:
        yield (ROLES[role],)


def outside() -> Iterator[Row]:
    """Whom to call outside."""
    yield ("category", "call", "in mainland China")
    for category, (body, number) in OUTSIDE.items():
        yield f"`{category}`", body.say("en"), number or "a number of its own in every town"


def near() -> Iterator[Row]:
    """How near a twin of an issue lies."""
    yield ("category or group", "within", "and within")
    for name, reach in NEAR.items():
        yield (f"`{name}`", *_reach(reach))
    yield ("all others", *_reach(OTHERWISE))


def _reach(reach: Near) -> Row:
    return (f"{reach.metres:g} m", _lasting(reach.within)) if reach.metres else ("never", "never")


# ---------------------------------------------------------------- time, patrols, months


def hours() -> Iterator[Row]:
    """Who is at work when."""
    yield ("hours", "week", "on holidays", "kept by")
    for name, each in HOURS.items():
        week = hours_as_json(each)["week"]
        spans = "; ".join(f"{days} {' '.join(windows)}" for days, windows in week.items())
        kept = [ROLES[role] for role, kept in HOURS_OF_ROLE.items() if kept == name]
        yield f"`{name}`", spans, "off" if each.holidays_off else "worked", ", ".join(kept)


def frequencies() -> Iterator[Row]:
    """How often what is due."""
    yield ("`ready`", "what", "how often", "whose", "form")
    for name, duty in FREQUENCIES.items():
        form = f"{duty.subject} {SUBJECTS[duty.subject].say('en')}" if duty.subject else ""
        yield f"`{name}`", duty.text.say("en"), _often(duty.frequency), ROLES[duty.role], form


def _often(frequency: Frequency) -> str:
    if frequency.unit == "hours":
        return f"every {frequency.every} hours"
    if frequency.unit == "before":
        return f"by {frequency.by}, begun at most {frequency.lead_days} days before"
    return frequency.unit.replace("_", "-")


def suspicions() -> Iterator[Row]:
    """Why a check-in is not believed."""
    yield ("reason", "what is wrong", "the check-in is")
    for each in SUSPICIONS:
        verdict = "accepted, with a note" if each.weight == "noted" else each.weight
        yield f"`{each.name}`", each.text.say("en"), verdict


def subjects() -> Iterator[Row]:
    """The fifteen subjects, item by item."""
    yield ("subject", "item", "what is looked at", "answer", "passes", "fails into")
    for item in ITEMS:
        name = f"{item.subject} {SUBJECTS[item.subject].say('en')}"
        yield name, f"`{item.code}`", item.text.say("en"), item.answer, _passes(item), f"`{item.category}`"


def _passes(item: Item) -> str:
    limit = "" if item.limit is None else f" {item.limit:g}" + (f" {item.unit}" if item.unit else "")
    per = f", one for each {item.per[1]:g} of `{item.per[0]}`" if item.per else ""
    return {"is": "yes", "noted": "always: it is only noted", "in_date": "until that day"}.get(
        item.operator, item.operator.replace("_", " ") + limit + per
    )


def _lasting(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    for unit, length in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes % length == 0 and (unit != "day" or minutes > length):
            count = minutes // length
            return f"{count} {unit}" + ("s" if count != 1 else "")
    raise AssertionError(time)


def faults() -> Iterator[Row]:
    """Every problem there can be, by status."""
    yield ("status", "problem", "what it means")
    found: dict[tuple[int, str], str] = {}
    for kind, status, name in problems.PROBLEMS:
        said = (kind.__doc__ or "").splitlines()[0].rstrip(".").partition(":")[0]
        found.setdefault((status, name), said[0].lower() + said[1:])
    found[405, "method"] = "the address is known, but not with this method"
    found[413, "too-large"] = "the body is larger than it may be there"
    found[500, "fault"] = "a fault of gridmap's own: it is in the log, and nothing was stored"
    for (status, name), said in sorted(found.items()):
        yield str(status), f"`{name}`", said


def endpoints() -> Iterator[Row]:
    """What there is, with what each is for; pages are told apart by having no place in the description."""
    yield ("method", "address", "what it is for")
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            said = (route.endpoint.__doc__ or "").splitlines()[0]
            for method in sorted(route.methods or ()):
                yield method, f"`{route.path}`" + (" (open)" if route.path in OPEN else ""), said


def sizes() -> Iterator[Row]:
    """How much, how often, how long."""
    yield ("what", "at most")
    yield "a body", f"{gate.MEGABYTE:,} bytes"
    for path, size in gate.LARGER.items():
        yield f"a body of `{path}`", f"{size:,} bytes"
    yield "reports in a batch", f"{schemas.MOST_AT_ONCE:,}"
    yield "`text` of a report", f"{schemas.TEXT_LENGTH:,} characters"
    yield "`accuracy_m`, `extent_m`", f"{schemas.FARTHEST_M:,} m"
    yield "issues on a page of `GET /issues`", f"{views.MOST:,}"
    yield "actions of `POST /issues/actions`", f"{actions.MOST_AT_ONCE:,}"
    yield "how long after it was done an action may be told", _lasting(moves.LATE)
    yield (
        "a photo",
        f"{pictures.MOST_BYTES:,} bytes; it is kept with {pictures.LONGEST_SIDE:,} pixels on its longer side",
    )
    yield "photos of an issue", f"{photos.MOST_OF_AN_ISSUE:,}"
    yield "a link by which an issue is followed", _lasting(follow_ups.LASTS)
    yield "attempts to sign in, from one address", f"{sessions.ATTEMPTS_A_MINUTE} a minute"
    yield "wrong passwords in a row", f"{stored.WRONG_ALLOWED}: then the account is locked, at first for a minute"
    yield "reports of a resident's account", f"{sessions.RESIDENT_WRITES_A_MINUTE} a minute"
    yield "a password", f"{passwords.SHORTEST} to {passwords.LONGEST} characters"
    yield "a sign-in by cookie", _lasting(accounts.COOKIE_LASTS)
    yield "a token of `POST /token`", _lasting(accounts.TOKEN_LASTS)
    yield "a one-time link", f"{accounts.LINK_MINUTES} minutes, or what `--minutes` says"
    yield "the answer to an `Idempotency-Key` is kept", _lasting(accounts.RECEIPTS_LAST)


def indicators() -> Iterator[Row]:
    """What each indicator counts, of what, and when something is due."""
    yield ("indicator", "", "counts", "of", "when it is due")
    for code, one in INDICATORS.items():
        yield f"`{code}`", one.name.say("zh-Hans"), one.counts.say("en"), one.of.say("en"), one.due.say("en")


def weights() -> Iterator[Row]:
    """What counts for each role."""
    yield ("role", "indicator", "weight", "target", "floor")
    for row in WEIGHTS:
        yield row.role.replace("_", " "), f"`{row.indicator}`", f"{row.weight:g}", _level(row.target), _level(row.floor)


def _level(value: float | None) -> str:
    return "that of the base period" if value is None else f"{value:g}"


def emerging() -> Iterator[Row]:
    """What has to hold for each category; the last row holds where no other does."""
    yield ("it is", "last week hot", "one before", "90 % or more", "all in one last run", "one cold", "trend")
    for row in emerging_spots.TABLE:
        asked = (row.last, row.before, row.most, row.run, row.opposite)
        yield (f"**{row.category}**", *("" if each is None else "yes" if each else "no" for each in asked),
               row.trend or "")  # fmt: skip


# Rooms that others stand on: who analyses does not enter them.
BENEATH = ("cases", "choropleth", "events", "lattice", "permutations", "projection", "replicas", "windows")


def statistics() -> Iterator[Row]:
    """The public functions of analytics, room by room, and the question each answers."""
    yield ("from `gridmap.analytics`", "function", "what it says")
    for room in sorted(pkgutil.iter_modules(analytics.__path__), key=lambda room: room.name):
        if room.ispkg or room.name in BENEATH:
            continue
        module = importlib.import_module(f"gridmap.analytics.{room.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if (
                function.__module__ != module.__name__
                or name.startswith("_")
                or "Parameters" not in str(function.__doc__)
            ):
                continue
            yield (f"`{room.name}`", f"`{name}`", inspect.getdoc(function).splitlines()[0])


# name of a table: the pages it stands in
TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Iterator[Row]]]] = {
    "rights": (("rights.md", "working-day.md"), rights),
    "roles": (("rights.md",), roles),
    "problems": (("service.md",), faults),
    "endpoints": (("service.md",), endpoints),
    "sizes": (("service.md",), sizes),
    "lifecycle": (("working-day.md",), lifecycle),
    "sayings": (("working-day.md",), sayings),
    "rules": (("working-day.md",), rules),
    "limits": (("working-day.md",), limits),
    "hands out": (("working-day.md",), hands_out),
    "emergency": (("working-day.md",), emergency),
    "outside": (("working-day.md",), outside),
    "near": (("working-day.md",), near),
    "ladder": (("working-day.md", "messages.md"), ladder),
    "hours": (("time.md",), hours),
    "frequencies": (("patrols.md",), frequencies),
    "suspicions": (("patrols.md",), suspicions),
    "subjects": (("patrols.md",), subjects),
    "indicators": (("evaluation.md",), indicators),
    "weights": (("evaluation.md",), weights),
    "emerging": (("hotspots.md",), emerging),
    "statistics": (("statistics.md",), statistics),
}


def written(rows: Iterable[Row]) -> str:
    """Rows as a table, the first as its head."""
    head, *others = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *others]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, (files, _) in TABLES.items() for file in files])
def test_a_table_is_that_of_the_code(name: str, file: str) -> None:
    page = (GUIDE / file).read_text(encoding="utf-8")
    place = re.compile(rf"(?<=<!-- {name} -->\n)((?:\|.*\n)*)")
    found = place.search(page)
    assert found is not None, f"{file} has no place for the table of {name}"
    now = written(TABLES[name][1]())
    if os.environ.get("GRIDMAP_WRITE_DOCS"):
        (GUIDE / file).write_text(place.sub(lambda _: now, page, count=1), encoding="utf-8")
        return
    assert found[1] == now


def test_every_table_of_a_page_is_written_by_the_code() -> None:
    """A name in a comment above a table that nothing prints would never be held to anything."""
    named = {
        (name, page.name)
        for page in GUIDE.glob("*.md")
        for name in re.findall(r"^<!-- ([a-z ]+) -->\n\|", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named == {(name, file) for name, (files, _) in TABLES.items() for file in files}


def test_the_table_of_checks_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", (GUIDE / "load.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: (severity, meaning) for name, severity, meaning in rows} == CHECKS
