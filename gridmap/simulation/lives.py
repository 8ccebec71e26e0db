"""The life of an issue as a tale of what people do about it: it says what is done next and when, and hears the outcome.

Each part tells one status. Nobody here decides what is legal: every step goes through the same operations as a user's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gridmap.domain.commands import PlanStep
from gridmap.domain.lifecycle import ENDED
from gridmap.domain.limits import BY_DAY, PUBLIC_WORKS
from gridmap.simulation import sayings
from gridmap.simulation.chance import between, one_of
from gridmap.simulation.crew import Hand
from gridmap.simulation.tales import Life, Part, Teller

# What becomes of an issue before anybody sets out: shares.
VOID, MERGED, RETURNED, TRANSFERRED = 0.02, 0.03, 0.03, 0.012
# Minutes until it is accepted, by how urgent it is.
ACCEPTED_MIN: Final = {"life": 0.8, "emergency": 2.0, "urgent": 5.0, "normal": 16.0}
# The middle share of a limit that is taken, and how far they differ: one in ten is late, of a weak team four.
ON_SITE, ANSWERED, RESOLVED = (0.42, 0.6), (0.4, 0.55), (0.5, 0.42)
JOB_MIN: Final = 45.0
SLOW_JOBS, HELD, SUPPORTED = 0.16, 0.06, 0.03
PLANNED, SIGNED, OVERSEEN = 0.4, 0.8, 0.3
CHECKED, CHECKED_ASKED, FAILED = 0.85, 0.4, 0.06
SILENT, BY_LINK = 0.2, 0.45
MOOD, MOOD_LATE, MOOD_REWORK, MOOD_UNEVEN = 4.45, 1.1, 0.5, 0.9
REFERRED_DAYS: Final = (1.0, 9.0)
HELD_H: Final = (6.0, 60.0)
MOST_REOPENS: Final = 4


@dataclass
class Living(Teller):
    """One issue, and the draws that decide what becomes of it."""

    fate: str = ""
    answered: bool = False

    def tale(self) -> Life:
        """What is done about it, until it has ended, or nobody does anything more."""
        while self.case.status not in ENDED:
            before = (self.case.status, self.case.handler, self.now)
            yield from TALES[self.case.status](self)
            if before == (self.case.status, self.case.handler, self.now):
                return

    # ------------------------------------------------------------ before somebody has it

    def to_hand_out(self) -> Life:
        """The rules found nobody: the desk gives it to whoever directs the ground."""
        at = self.after(12)
        found = self.ground.crew.holder("coordinator", self.case.areas, at, self.case.about)
        found = found or self.ground.crew.holder("project_head", (None,), at, self.case.about) or self.desk(at)
        yield from self.do(at, self.desk(at).actor, "dispatch", to=found.code)

    def dispatched(self) -> Life:
        if not self.fate:
            self.fate = self._fate()
            if (yield from FATES.get(self.fate, _as_usual)(self)):
                return
        yield from self._set_out()

    def _fate(self) -> str:
        if self.case.urgency in ("life", "emergency") or self.case.sensor is not None:
            return "usual"
        drawn = float(self.draw.random())
        for share, fate in ((VOID, "void"), (MERGED, "merge"), (RETURNED, "return"), (TRANSFERRED, "transfer")):
            if drawn < share:
                return fate
            drawn -= share
        return "usual"

    def voided(self) -> Part:
        at = self.daytime(self.after(60))
        yield from self.do(at, self.desk(at).actor, "void", note=one_of(self.draw, sayings.VOIDED))
        return True

    def merged(self) -> Part:
        twin = self.ground.twins.get((self.case.category, self.case.tiers[1]))
        if twin is None or twin == self.case.code:
            return False
        at = self.after(20)
        return (yield from self.do(at, self.desk(at).actor, "merge", parent=twin))

    def returned(self) -> Part:
        at = self.open(self.after(ACCEPTED_MIN[self.case.urgency]), "technician")
        hand = self.ground.crew.hands.get(self.case.handler or "")
        if hand is None or self.ground.crew.away(hand.code, at):
            return False
        return (yield from self.do(at, hand.actor, "return", note=one_of(self.draw, sayings.RETURNED)))

    def transferred(self) -> Part:
        at = self.open(self.after(ACCEPTED_MIN[self.case.urgency]), "technician")
        hand = self.ground.crew.hands.get(self.case.handler or "")
        to = self.ground.crew.deputies.get(self.case.handler or "")
        if hand is None or to is None or to == self.case.about or self.ground.crew.away(to, at):
            return False
        if self.ground.crew.away(hand.code, at):
            return False
        return (yield from self.do(at, hand.actor, "transfer", to=to, note="请同事就近处理"))

    # ------------------------------------------------------------ handling

    def _set_out(self) -> Life:
        """Accepted, answered, and on site, in the order in which these come."""
        case = self.case
        post = self._post()
        accept = self.open(self.after(ACCEPTED_MIN[case.urgency] * self.slowness()), post)
        arrive = self._arrival(accept, post)
        agenda: list[tuple[datetime, str]] = [(accept, "accept"), (arrive, "arrive")]
        first = case.due_by("first_answer")
        if first is not None and not self.answered:
            agenda.append((self.within(first, *ANSWERED), "answer"))
        for at, action in sorted(agenda):
            hand = yield from self.handler(max(at, self.now))
            if action == "answer":
                self.answered = True
                yield from self.do(at, self.desk(at).actor, "answer", note=one_of(self.draw, sayings.ANSWERED))
            elif action == "accept":
                if case.status == "dispatched":
                    yield from self.do(at, hand.actor, "accept")
            else:
                yield from self._arrive(at, hand)

    def _post(self) -> str:
        hand = self.ground.crew.hands.get(self.case.handler or "")
        return hand.post if hand else "dispatcher"

    def _arrival(self, accept: datetime, post: str) -> datetime:
        due = self.case.due_by("on_site")
        if due is None:
            minutes = 240 if self.case.kind in ("complaint", "enquiry", "suggestion") else 90
            return self.open(accept + timedelta(minutes=minutes * float(self.draw.random())), post)
        at = self.within(due, *ON_SITE)
        soonest = accept + timedelta(minutes=between(self.draw, 1, 6 if self.case.emergency else 12))
        return self.open(max(at, soonest), post)

    def _arrive(self, at: datetime, hand: Hand) -> Life:
        if self.case.status != "accepted":
            return
        if self.case.kind in ("enquiry", "suggestion"):
            yield from self.do(at, hand.actor, "start")
        else:
            yield from self.do(at, hand.actor, "arrive", **self.place())

    def accepted(self) -> Life:
        """Taken up again where it was left."""
        hand = yield from self.handler(self.now)
        yield from self._arrive(self.open(self.after(30), self._post()), hand)

    def in_progress(self) -> Life:
        case = self.case
        hand = yield from self.handler(self.now)
        if case.emergency and case.due_by("under_control") and not case.reworks:
            at = self.after(25)
            yield from self.do(at, hand.actor, "control", note=one_of(self.draw, sayings.CONTROLLED), **self.place())
        if case.refer_to is not None and self.fate != "referred":
            self.fate = "referred"
            yield from self._refer(hand)
            return
        if case.category in PUBLIC_WORKS and case.urgency == "normal" and not case.reworks:
            yield from self._works(hand)
            return
        if self.chance(SUPPORTED):
            yield from self.do(self.after(15), hand.actor, "support", note=one_of(self.draw, sayings.SUPPORT))
        if self.fate != "held" and not case.emergency and self.chance(HELD):
            self.fate = "held"
            look = self.now + timedelta(hours=between(self.draw, *HELD_H))
            note = one_of(self.draw, sayings.HELD)
            yield from self.do(self.after(12), hand.actor, "hold", note=note, look_at=look)
            return
        yield from self._resolve(hand, self._done_at())

    def _done_at(self) -> datetime:
        """When the work is done: after a visit, or later by some share of its limit."""
        quick = 0.4 if self.case.group in BY_DAY else 1.0
        at, due = self.after(JOB_MIN * quick * self.slowness()), self.case.due_by("resolved")
        if due is not None and not self.case.reworks and self.chance(SLOW_JOBS):
            at = max(at, self.within(due, *RESOLVED))
        if self.case.reworks:
            at = self.after(150)
        return self.open(at, self._post())

    def _resolve(self, hand: Hand, at: datetime) -> Life:
        yield from self._oversee(at)
        said = one_of(self.draw, sayings.resolved(self.case.group))
        hand = (yield from self.handler(max(at, self.now))) if self.case.status == "in_progress" else hand
        if self.case.status == "accepted":
            yield from self._arrive(self.after(10), hand)
        yield from self.do(at, hand.actor, "resolve", note=said, **self.place())
        self.case.resolved_at = self.now

    def _oversee(self, at: datetime) -> Life:
        """What takes longer than its limit is sometimes noticed."""
        due = self.case.due_by("resolved")
        if due is None or at <= due + timedelta(hours=1) or not self.chance(OVERSEEN):
            return
        when = self.daytime(max(due + timedelta(minutes=between(self.draw, 5, 50)), self.now))
        above = self.ground.crew.holder("supervisor", self.case.areas, when, self.case.handler)
        if when < at and above is not None:
            yield from self.do(when, above.actor, "supervise", note=one_of(self.draw, sayings.SUPERVISED))

    def _works(self, hand: Hand) -> Life:
        """Works on common parts: planned, begun, and signed for by the head once they are over their time."""
        due = self.case.due_by("resolved") or self.now + timedelta(days=15)
        end = max(self.within(due, *RESOLVED), self.after(200))
        planned = self.chance(PLANNED)
        if planned:
            step = max((end - self.now) / len(sayings.PLAN), timedelta(hours=4))
            steps = tuple(PlanStep(what, self.now + step * (n + 1)) for n, what in enumerate(sayings.PLAN))
            yield from self.do(self.after(30), hand.actor, "plan", steps=steps)
        late = due + timedelta(hours=between(self.draw, 2, 20))
        head = self.ground.crew.holder("project_head", (None,), late)
        if late < end and head is not None and not planned and self.chance(SIGNED):
            yield from self.do(self.daytime(late), head.actor, "sign", note=one_of(self.draw, sayings.SIGNED))
        yield from self._resolve(hand, self.open(max(end, self.now), self._post()))

    def _refer(self, hand: Hand) -> Life:
        body, prefix = sayings.BODIES[self.case.refer_to or ""]
        reference = f"{prefix}-{int(self.draw.random() * 1e6):06d}"
        at = self.after(6 if self.case.emergency else 60)
        look = at + timedelta(days=between(self.draw, *REFERRED_DAYS))
        yield from self.do(at, hand.actor, "refer", body=body, reference=reference, look_at=look)

    def referred(self) -> Life:
        """Others have it: somebody of ours asks after it until it is done."""
        days = 0.15 if self.case.emergency else between(self.draw, *REFERRED_DAYS)
        at = self.daytime(self.now + timedelta(days=days))
        hand = self.ground.crew.present(self.case.handler, at) or self.desk(at)
        actor = hand.actor if hand.code == self.case.handler else self.desk(at).actor
        yield from self.do(at, actor, "resolve", note="外部单位已处理完毕，现场核实")
        self.case.resolved_at = self.now

    def on_hold(self) -> Life:
        at = self.open(self.now + timedelta(hours=between(self.draw, *HELD_H)), self._post())
        hand = self.ground.crew.hands.get(self.case.handler or "")
        away = hand is None or self.ground.crew.away(hand.code, at)
        yield from self.do(at, self.desk(at).actor if away or hand is None else hand.actor, "resume")

    # ------------------------------------------------------------ afterwards

    def resolved(self) -> Life:
        case = self.case
        if self.chance(CHECKED_ASKED if case.has_reporter else CHECKED):
            at = self.daytime(self.now + timedelta(hours=between(self.draw, 0.3, 18)))
            by = self.ground.crew.holder("supervisor", case.areas, at, case.handler) or self._owner(at)
            if by is not None:
                failed = self.chance(FAILED * self.slowness())
                note = one_of(self.draw, sayings.FAILED) if failed else None
                yield from self.do(at, by.actor, "check", passed=not failed, note=note, **self.place())
                if failed:
                    case.reworks += 1
                return
        yield from self.checked()

    def _owner(self, at: datetime) -> Hand | None:
        return self.ground.crew.holder("grid_owner", self.case.areas, at, self.case.handler)

    def checked(self) -> Life:
        case = self.case
        if case.has_reporter and not case.followed:
            if self.chance(SILENT):
                return
            yield from self._follow_up()
            if case.status not in ("resolved", "checked"):
                return
        at = self.daytime(self.after(40 if case.has_reporter else 400))
        by = self._owner(at) or self.desk(at)
        yield from self.do(at, by.actor, "close")

    def _follow_up(self) -> Life:
        case = self.case
        at, asks = self.now + timedelta(hours=between(self.draw, 1, 30)), self._owner(self.now) or self.desk(self.now)
        itself = next((who for who in self.ground.crew.neighbours if who.account_id == case.reporter), None)
        if itself is not None and self.chance(BY_LINK):
            actor, via = itself.actor, "page"
        else:
            actor, via, at = asks.actor, "phone" if self.chance(0.8) else "visit", self.daytime(at)
        mark = self._mood()
        words = one_of(self.draw, sayings.DISPLEASED if mark <= 2 else sayings.PLEASED) if self.chance(0.5) else None
        yield from self.do(at, actor, "follow_up", via=via, satisfaction=mark, words=words)
        case.followed = True
        if case.status not in ("resolved", "checked"):
            case.followed, case.started_at, case.resolved_at = False, self.now, None
            case.reopens, case.reworks, self.fate = case.reopens + 1, 0, "again"

    def _mood(self) -> int:
        """How pleased somebody is, 1 to 5: less when it came late, or had to be done twice."""
        case, due = self.case, self.case.due_by("resolved")
        mood = MOOD + MOOD_UNEVEN * float(self.draw.standard_normal()) - MOOD_REWORK * case.reworks
        if due is not None and case.resolved_at is not None and case.resolved_at > due:
            mood -= MOOD_LATE
        if case.reopens >= MOST_REOPENS:
            mood = 4
        return int(min(5, max(1, round(mood))))


def _as_usual(_: Living) -> Part:
    """A tale in which nothing happens."""
    yield from ()
    return False


TALES: Final[dict[str, Callable[[Living], Life]]] = {
    "reported": Living.to_hand_out, "filed": Living.to_hand_out, "dispatched": Living.dispatched,
    "accepted": Living.accepted, "in_progress": Living.in_progress, "on_hold": Living.on_hold,
    "referred": Living.referred, "resolved": Living.resolved, "checked": Living.checked,
}  # fmt: skip
FATES: Final[dict[str, Callable[[Living], Part]]] = {
    "void": Living.voided, "merge": Living.merged, "return": Living.returned, "transfer": Living.transferred,
}  # fmt: skip
