"""Months, quarters and weeks by a site's clock: what figures are counted over, and what they are compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from gridmap.errors import FieldError

Kind = Literal["month", "quarter", "week"]
_WRITTEN: Final = re.compile(r"(\d{4})-(?:(\d\d)|Q([1-4])|W(\d\d))")


@dataclass(frozen=True)
class Window:
    """From a moment up to another, as it is seen at a third: nothing is due there that is not over by then."""

    start: datetime
    end: datetime
    at: datetime

    @property
    def over(self) -> datetime:
        """Up to when something is due."""
        return min(self.end, self.at)


@dataclass(frozen=True)
class Span:
    """A month (2026-05), a quarter (2026-Q2) or a week (2026-W21, as ISO 8601 counts them) of a site."""

    kind: Kind
    year: int
    number: int
    timezone: str

    @classmethod
    def read(cls, text: str, timezone: str) -> Span:
        """What is written as 2026-05, 2026-Q2 or 2026-W21."""
        span = cls._read(text, timezone)
        if span is None:
            raise FieldError(
                "period", f"{text}: a period is a month, a quarter or a week: write 2026-05, 2026-Q2 or 2026-W21"
            )
        return span

    @classmethod
    def _read(cls, text: str, timezone: str) -> Span | None:
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            return None
        year, month, quarter, week = (int(part) if part else 0 for part in found.groups())
        kind: Kind = "month" if found[2] else "quarter" if quarter else "week"
        span = cls(kind, year, month or quarter or week, timezone)
        try:
            return span if 1970 <= span.first.year <= 2200 else None
        except ValueError:  # the thirteenth month, the sixtieth week
            return None

    @classmethod
    def month_of(cls, moment: datetime, timezone: str) -> Span:
        """The month a moment lies in, by the site's clock."""
        day = moment.astimezone(ZoneInfo(timezone)).date()
        return cls("month", day.year, day.month, timezone)

    @classmethod
    def week_of(cls, moment: datetime, timezone: str) -> Span:
        """The week a moment lies in, by the site's clock."""
        return cls("week", 1970, 1, timezone)._week_of(moment.astimezone(ZoneInfo(timezone)).date())

    @property
    def name(self) -> str:
        letter = {"month": "", "quarter": "Q", "week": "W"}[self.kind]
        return f"{self.year:04d}-{letter}{self.number if letter == 'Q' else f'{self.number:02d}'}"

    @property
    def first(self) -> date:
        """Its first day."""
        if self.kind == "week":
            return date.fromisocalendar(self.year, self.number, 1)
        return date(self.year, self.number if self.kind == "month" else 3 * self.number - 2, 1)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.timezone))

    @property
    def end(self) -> datetime:
        """The first moment that is no longer in it."""
        return datetime.combine(self.after().first, time(), ZoneInfo(self.timezone))

    def after(self) -> Span:
        """The next of its kind."""
        if self.kind == "week":
            return self._week_of(self.first + timedelta(days=7))
        last = 12 if self.kind == "month" else 4
        year, number = (self.year + 1, 1) if self.number == last else (self.year, self.number + 1)
        return Span(self.kind, year, number, self.timezone)

    def before(self) -> Span:
        """The one before it (環比)."""
        if self.kind == "week":
            return self._week_of(self.first - timedelta(days=7))
        last = 12 if self.kind == "month" else 4
        year, number = (self.year - 1, last) if self.number == 1 else (self.year, self.number - 1)
        return Span(self.kind, year, number, self.timezone)

    def year_before(self) -> Span:
        """The same one of the year before (同比); of a 53rd week, that year's last."""
        number = self.number
        if self.kind == "week":
            number = min(number, date(self.year - 1, 12, 28).isocalendar().week)
        return Span(self.kind, self.year - 1, number, self.timezone)

    def window(self, at: datetime) -> Window:
        """Its moments, as they are seen at one."""
        return Window(self.start, self.end, at)

    def _week_of(self, day: date) -> Span:
        year, week, _ = day.isocalendar()
        return Span("week", year, week, self.timezone)
