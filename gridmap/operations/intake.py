"""Reports taken one by one as they come: routed by what the store says, stored and answered in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from gridmap.domain.codes import issue_code
from gridmap.domain.deadlines import Deadline
from gridmap.domain.dispatching import OUTSIDE
from gridmap.domain.lifecycle import EMERGENCIES
from gridmap.domain.responsibility import Verdict
from gridmap.errors import ConflictError, FieldError, GridmapError
from gridmap.language import DEFAULT
from gridmap.operations.clockwork import Clockwork, as_row
from gridmap.operations.dispatch import Dispatch
from gridmap.operations.known import Known
from gridmap.operations.moves import Moves
from gridmap.operations.moving import iso
from gridmap.operations.routing import Route, Router, verdict_as_json, without_people
from gridmap.spatial.coordinates import snap
from gridmap.storage import intake as stored
from gridmap.storage import places
from gridmap.storage.decisions import decision_ids

# How far a reporter's clock may go ahead of ours.
AHEAD = timedelta(minutes=5)
WRITTEN = (
    "kind", "urgency", "source", "reference", "text", "level", "accuracy_m", "extent_m", "about", "lon", "lat",
    "account_id", "reporter_name", "reporter_phone", "key",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What somebody says is wrong somewhere, in WGS 84; `key` and `digest` know a request that comes again."""

    lon: float
    lat: float
    account_id: int
    source: str
    category: str = "other"
    kind: str | None = None
    urgency: str | None = None
    text: str | None = None
    level: str | None = None
    facility: str | None = None
    about: str | None = None
    accuracy_m: float | None = None
    extent_m: float | None = None
    reported_at: datetime | None = None
    reference: str | None = None
    site: str | None = None
    reporter_name: str | None = None
    reporter_phone: str | None = None
    key: str | None = None
    digest: bytes = b""
    language: str = DEFAULT
    # Whether the answer may say who holds which post.
    named: bool = True
    # Whether somebody looks at it before anybody is sent, whatever the site does with others; life does not wait.
    unverified: bool = False


@dataclass
class Outcome:
    """What became of a report: its answer as JSON, given now or before, or why it was refused."""

    answer: str = ""
    error: GridmapError | None = None
    before: bool = False


@dataclass
class Intake:
    """Takes reports, and keeps what is known of the plans from one transaction to the next: one for each thread."""

    known: Known = field(default_factory=lambda: Known(kept=True))
    # Whether what comes in is written down later: it went out when it came, not when it is stored.
    later: bool = False

    def warm(self, session: Session, at: datetime) -> None:
        """Read what reports of this moment will ask for, before the first one waits for it."""
        self.known = self.known.current(session)
        router = Router(session, self.known)
        for code in stored.site_codes(session):
            router.warm(code, at)

    def take(self, session: Session, reports: Sequence[Report], at: datetime) -> list[Outcome]:
        """Route and store reports: each is stored with its history and its receipt, or refused with nothing written.

        A fault of the store (two of one reference at once, say) undoes all of them: take them one by one then. Say
        when it is `committed`.
        """
        self.known.fresh.clear()
        reports = _on_lattice(reports)
        outcomes = [Outcome() for _ in reports]
        _replay(session, reports, outcomes)
        for site in sorted({report.site for report in reports}, key=lambda code: code or ""):
            rows = [n for n, each in enumerate(reports) if each.site == site and not _settled(outcomes[n])]
            for code in [site] if site else stored.site_codes(session):
                places.lock_site(session, code, exclusive=False)
            if rows:
                self._take_of(session, site, {n: reports[n] for n in rows}, outcomes, at)
        return outcomes

    def _take_of(
        self, session: Session, site: str | None, reports: Mapping[int, Report], outcomes: list[Outcome], at: datetime
    ) -> None:
        """The reports of one site, or of any: what they name is looked up where they lie."""
        self.known = self.known.current(session)
        router = Router(session, self.known)
        clockwork = Clockwork(session, router, at)
        routes = router.routes([vars(report) for report in reports.values()], [at] * len(reports), site)
        rows = []
        for (n, report), route, number in zip(
            reports.items(), routes, stored.new_ids(session, len(routes)), strict=True
        ):
            fault = _fault(router, report, route, at)
            if fault is not None:
                outcomes[n].error = fault
                continue
            row = _row(clockwork, report, route, number)
            row["waits"] = report.unverified and row["urgency"] not in EMERGENCIES
            at_once = not row["waits"] and router.site(row["site"]).goes_out(row["urgency"])
            row["messages"] = [] if at_once else _to_dispatch(clockwork, route, report)
            outcomes[n].answer = row["answer"]
            rows.append((n, row, route.verdict))
        rows = _without_references(session, rows, outcomes)
        if rows:
            self._write(session, rows, outcomes, reports, at)

    def _write(
        self,
        session: Session,
        rows: list[tuple[int, dict[str, Any], Verdict]],
        outcomes: list[Outcome],
        reports: Mapping[int, Report],
        at: datetime,
    ) -> None:
        self._decide(session, rows)
        written = stored.write_reports(session, [row for _, row, _ in rows])
        came = {
            row["code"]: reports[n].reported_at or at
            for n, row, _ in rows
            if row["id"] in written and not row["messages"] and not row["waits"]
        }
        sent = Moves(session, at, self.known).hand_out(came, came if self.later else None)
        for n, row, _ in rows:
            if row["code"] in sent:
                outcomes[n].answer = _with(outcomes[n].answer, sent[row["code"]], named=reports[n].named)
        stored.change_receipts(
            session,
            [
                (row["account_id"], row["key"], outcomes[n].answer)
                for n, row, _ in rows
                if row["key"] and row["code"] in sent
            ],
        )
        late = [(n, row) for n, row, _ in rows if row["id"] not in written]
        if late:  # somebody used the same key between our look and our write
            _replay(session, [reports[n] for n, _ in late], [outcomes[n] for n, _ in late])

    def _decide(self, session: Session, rows: list[tuple[int, dict[str, Any], Verdict]]) -> None:
        """Give each row the row of its verdict, which is looked for once a revision."""
        known = self.known
        new: dict[int, dict[int, Verdict]] = {}
        for _, row, verdict in rows:
            if id(verdict) not in known.decisions and id(verdict) not in known.fresh:
                new.setdefault(row["site_id"], {})[id(verdict)] = verdict
        for site_id, verdicts in new.items():
            ids = decision_ids(session, site_id, [verdict_as_json(verdict) for verdict in verdicts.values()])
            known.fresh.update(zip(verdicts, ids, strict=True))
        for _, row, verdict in rows:
            row["decision_id"] = known.decisions.get(id(verdict)) or known.fresh[id(verdict)]

    def committed(self) -> None:
        """What was written is there to stay: its rows need not be looked for again."""
        self.known.decisions.update(self.known.fresh)
        self.known.fresh.clear()


def _on_lattice(reports: Sequence[Report]) -> list[Report]:
    places = snap([(report.lon, report.lat) for report in reports]).tolist()
    return [replace(report, lon=lon, lat=lat) for report, (lon, lat) in zip(reports, places, strict=True)]


def _settled(outcome: Outcome) -> bool:
    return outcome.before or outcome.error is not None


def _replay(session: Session, reports: Sequence[Report], outcomes: Sequence[Outcome]) -> None:
    """Give those who ask again the answer they had; who asks for something else under the same key is refused."""
    asked = {(report.account_id, report.key): None for report in reports if report.key is not None}
    before = stored.receipts(session, asked) if asked else {}
    first: dict[tuple[int, str], int] = {}
    for n, report in enumerate(reports):
        if report.key is None:
            continue
        key = (report.account_id, report.key)
        if key not in before:
            if first.setdefault(key, n) != n:
                outcomes[n].error = ConflictError("the first request with this Idempotency-Key is under way: ask again")
            continue
        digest, answer = before[key]
        if digest == report.digest:
            outcomes[n].answer, outcomes[n].before = answer, True
        else:
            outcomes[n].error = FieldError("Idempotency-Key", "this key came with another body before: use a new one")


def _fault(router: Router, report: Report, route: Route, at: datetime) -> FieldError | None:
    """What a report names that is not there, under the field that names it."""
    site = route.facts["site"]
    if site is None:
        if report.site is not None and report.site not in stored.site_codes(router.session):
            return FieldError("site", f"there is no site {report.site} here")
        return FieldError("lon", "no plan of grids was in force there and then")
    if report.category not in router.categories(site):
        return FieldError("category", f"no category is called {report.category!r}")
    if report.facility is not None and route.facts["facility_id"] is None:
        return FieldError("facility", f"no facility is called {report.facility!r} here")
    if report.about is not None and report.about not in router.people(router.site(site)):
        return FieldError("about", f"nobody is known as {report.about!r} here")
    if report.reported_at is not None and report.reported_at > at + AHEAD:
        return FieldError("reported_at", "this lies in the future")
    return None


def _row(clockwork: Clockwork, report: Report, route: Route, number: int) -> dict[str, Any]:
    """The report as it is stored, with its answer."""
    facts, owner, router = route.facts, route.verdict.owner, clockwork.router
    site = router.site(facts["site"])
    category = router.subject(site.code, report.category)
    # A clock that is fast makes nothing happen before it was reported.
    reported_at = min(report.reported_at or clockwork.at, clockwork.at)
    kind, urgency = report.kind or category.kind, report.urgency or category.urgency
    tiers = (code for name in ("tier1", "tier2", "tier3") if (code := facts[name]))
    matter = clockwork.matter(site.code, kind, urgency, category.code, (*facts["chain"], *tiers))
    due = {each.stamp: each for each in clockwork.of(site.code, matter, {"report": reported_at})}
    code = issue_code(site.code, number)
    return {
        **{name: getattr(report, name) for name in WRITTEN},
        **{
            name: facts[name]
            for name in ("position", "edition_id", "grid_id", "tier1", "tier2", "tier3", "facility_id")
        },
        "id": number,
        "code": code,
        "site_id": site.id,
        "site": site.code,
        "category": category.code,
        "kind": kind,
        "urgency": urgency,
        "reported_at": reported_at.isoformat(),
        "received_at": clockwork.at.isoformat(),
        "deadlines": [as_row(each) for each in due.values()],
        "due_at": due["resolved"].due_at if "resolved" in due else None,
        "owner_role": owner.role,
        "owner_grid": owner.post,
        "owner": owner.person.code if owner.person else None,
        "digest": report.digest.hex(),
        "answer": _answer(code, route, due, report),
    }


def _to_dispatch(clockwork: Clockwork, route: Route, report: Report) -> list[dict[str, Any]]:
    """The word to whoever hands it out; nothing if nobody does."""
    facts = route.facts
    where = {"site": facts["site"], "edition_id": facts["edition_id"], "grid": facts["leaf"], "about": report.about}
    found = Dispatch(clockwork.router, clockwork.at).hands_out(where)
    if found is None:
        return []
    not_before = clockwork.on_duty(facts["site"], found.role)
    return [{"kind": "to_dispatch", "person": found.person.code, "role": found.role, "not_before": not_before}]


def _answer(code: str, route: Route, due: Mapping[str, Deadline], report: Report) -> str:
    told = route.as_json(report.language)
    said = {
        "code": code,
        "status": "reported",
        "route": told if report.named else without_people(told),
        "handler": None,
        "deadlines": {stamp: iso(each.due_at) for stamp, each in due.items() if each.due_at is not None},
        "call": call(report.category, report.language),
    }
    return json.dumps(said, ensure_ascii=False)


def call(category: str, language: str) -> dict[str, str | None] | None:
    """Whom to call outside, where it cannot wait for the company's own people."""
    if category not in OUTSIDE:
        return None
    body, number = OUTSIDE[category]
    return {"body": body.say(language), "number": number}


def _with(answer: str, sent: Mapping[str, Any], *, named: bool) -> str:
    """An answer with what has become of the issue since."""
    handler = sent["handler"] if named else {**sent["handler"], "person": None}
    return json.dumps({**json.loads(answer), **sent, "handler": handler}, ensure_ascii=False)


def _without_references(
    session: Session, rows: list[tuple[int, dict[str, Any], Verdict]], outcomes: list[Outcome]
) -> list[tuple[int, dict[str, Any], Verdict]]:
    """The rows but those whose source has reported under that reference before."""
    named = {(row["site_id"], row["source"], row["reference"]): None for _, row, _ in rows if row["reference"]}
    if not named:
        return rows
    before, kept = stored.stored_references(session, named), []
    for n, row, verdict in rows:
        reference = (row["site_id"], row["source"], row["reference"])
        if row["reference"] and reference in before:
            outcomes[n].error = ConflictError(
                f"{row['source']} has reported {row['reference']!r} before: it is {before[reference]}"
            )
            continue
        before[reference] = row["code"]
        kept.append((n, row, verdict))
    return kept
