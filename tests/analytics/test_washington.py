"""Washington's requests of 2015: how much was done in time, by ward, against counting it by hand."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from gridmap.analytics.indicators.definitions import INDICATORS
from gridmap.analytics.indicators.figures import figures, ranked
from gridmap.analytics.indicators.handling import closing, on_time_closing
from gridmap.domain.periods import Span

SEPTEMBER = Span.read("2015-09", "America/New_York")
FILE = "issues_311_2015-09-11_to_10-11.csv.gz"


@pytest.fixture(scope="module")
def requests(samples: Path) -> pd.DataFrame:
    """The requests as facts: what "ends" in 1900, or before it was reported, has not ended."""
    rows = pd.read_csv(samples / "dc" / FILE, dtype=str)
    reported, due, ended = (
        pd.to_datetime(rows[name], utc=True) for name in ("ADDDATE", "SERVICEDUEDATE", "RESOLUTIONDATE")
    )
    closed = ended.where(ended >= reported)
    status = closed.notna().map({True: "closed", False: "reported"})
    return pd.DataFrame(
        {"reported_at": reported, "resolved_due": due, "closed_at": closed, "status": status, "ward": rows["WARD"]}
    )


def by_hand(samples: Path) -> tuple[Counter[str], Counter[str]]:
    """What was due in September, and what of it was closed by then, counted row by row."""
    due, in_time = Counter[str](), Counter[str]()
    with gzip.open(samples / "dc" / FILE, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            limit, ended = row["SERVICEDUEDATE"], row["RESOLUTIONDATE"]
            if not limit:
                continue
            moment = datetime.fromisoformat(limit)
            if not SEPTEMBER.start <= moment < SEPTEMBER.end:
                continue
            ward = "" if row["WARD"] == "NULL" else row["WARD"]
            due[ward] += 1
            closed = ended and ended >= row["ADDDATE"]
            in_time[ward] += bool(closed) and datetime.fromisoformat(ended) <= moment
    return due, in_time


def test_what_was_done_in_time_in_each_ward_is_what_counting_by_hand_says(
    requests: pd.DataFrame, samples: Path
) -> None:
    parts = on_time_closing(requests, SEPTEMBER.window(datetime(2016, 1, 1, tzinfo=UTC)))
    found = figures(INDICATORS["on_time_closing"], parts, requests["ward"])
    due, in_time = by_hand(samples)
    counted = {row["subject"]: (row["numerator"], row["denominator"]) for row in found.to_dict("records")}
    assert counted == {ward: (in_time[ward], due[ward]) for ward in due}
    assert sum(due.values()) > 2_000


def test_most_wards_differ_by_no_more_than_chance(requests: pd.DataFrame) -> None:
    parts = closing(requests, SEPTEMBER.window(datetime(2016, 1, 1, tzinfo=UTC)))
    found = ranked(INDICATORS["closing"], figures(INDICATORS["closing"], parts, requests["ward"]))
    wards = found[found["subject"] != ""]
    assert len(wards) == 8
    assert wards["rank"].isna().all()
    assert wards["value"].between(0.8, 1).all()
