"""The tables of the guide are those of the code: each is printed here and held against its page.

A table stands under its name in a comment, `<!-- rights -->`. `GRIDMAP_WRITE_DOCS=1` writes what the code says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from api import gate, problems, schemas, sessions
from api.app import OPEN, ROUTERS
from gridmap.domain import passwords
from gridmap.domain.findings import CHECKS
from gridmap.domain.limits import table
from gridmap.domain.rights import ACCOUNT_ROLES, BOUND_TO_GRID, RIGHT_NAMES, RIGHTS
from gridmap.language import say
from gridmap.operations import accounts
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


def limits() -> Iterator[Row]:
    """By when what has to have happened."""
    for number, (applies, stamp, *others) in enumerate(table()):
        yield (applies, f"`{stamp}`" if number else stamp, *others)


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
            for method in sorted(route.methods):
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
    yield "attempts to sign in, from one address", f"{sessions.ATTEMPTS_A_MINUTE} a minute"
    yield "wrong passwords in a row", f"{stored.WRONG_ALLOWED}: then the account is locked, at first for a minute"
    yield "reports of a resident's account", f"{sessions.RESIDENT_WRITES_A_MINUTE} a minute"
    yield "a password", f"{passwords.SHORTEST} to {passwords.LONGEST} characters"
    yield "a sign-in by cookie", _lasting(accounts.COOKIE_LASTS)
    yield "a token of `POST /token`", _lasting(accounts.TOKEN_LASTS)
    yield "a one-time link", f"{accounts.LINK_MINUTES} minutes, or what `--minutes` says"
    yield "the answer to an `Idempotency-Key` is kept", _lasting(accounts.RECEIPTS_LAST)


TABLES: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
    "rights": ("rights.md", rights),
    "roles": ("rights.md", roles),
    "limits": ("service.md", limits),
    "problems": ("service.md", faults),
    "endpoints": ("service.md", endpoints),
    "sizes": ("service.md", sizes),
}


def written(rows: Iterable[Row]) -> str:
    """Rows as a table, the first as its head."""
    head, *others = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *others]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_that_of_the_code(name: str) -> None:
    file, rows = TABLES[name]
    page = (GUIDE / file).read_text(encoding="utf-8")
    place = re.compile(rf"(?<=<!-- {name} -->\n)((?:\|.*\n)*)")
    found = place.search(page)
    assert found is not None, f"{file} has no place for the table of {name}"
    now = written(rows())
    if os.environ.get("GRIDMAP_WRITE_DOCS"):
        (GUIDE / file).write_text(place.sub(lambda _: now, page, count=1), encoding="utf-8")
        return
    assert found[1] == now


def test_the_table_of_checks_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", (GUIDE / "load.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: (severity, meaning) for name, severity, meaning in rows} == CHECKS
