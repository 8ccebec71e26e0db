"""The estate at hand: read from a store, or imagined by the same rules; and what is said where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.orm import Session

from gridmap.domain.frames import BUILDINGS, FACILITIES, GRIDS, HEAT, ISSUES, OVERLAYS
from gridmap.errors import NotFoundError
from gridmap.maps.features import open_issues
from gridmap.operations.issues import Desk
from gridmap.simulation import days as lived
from gridmap.simulation import demo
from gridmap.simulation import estate as made
from gridmap.storage import places
from gridmap.storage.database import Database
from notebooks.at_hand import DAYS, ISSUE_COLUMNS, OWNER, Estate, imagine, read, store

SHAPES = {"grids": GRIDS, "buildings": BUILDINGS, "facilities": FACILITIES, "overlays": OVERLAYS, "issues": ISSUES,
          "heat": HEAT}  # fmt: skip


@pytest.fixture(scope="module")
def imagined() -> Estate:
    return imagine()


@pytest.fixture
def furnished(session: Session, imagined: Estate) -> Desk:
    """Who takes reports of the estate in a store."""
    demo.furnish(session, imagined.at - timedelta(days=DAYS + 1))
    return Desk(session, places.site(session, demo.CODE))


def reported(estate: Estate) -> pd.DataFrame:
    return lived.reports(made.estate(), estate.at, DAYS)


def check(estate: Estate) -> None:
    """What an estate has, wherever it comes from."""
    for name, shape in SHAPES.items():
        shape.check(estate.frames[name])
    assert list(estate.issues.columns) == list(ISSUE_COLUMNS)
    assert estate.issues["reported_at"].is_monotonic_increasing
    assert estate.issues["reported_at"].between(estate.at - timedelta(days=DAYS), estate.at).all()
    assert set(estate.leaves["owner"]) <= set(estate.posts.loc[estate.posts["role"] == OWNER, "person"])
    assert estate.names[estate.leaves["owner"].iloc[0]] == estate.leaves["owner_name"].iloc[0]
    assert len(estate.tier(1)) == 13
    assert estate.clock(estate.at).utcoffset() == timedelta(hours=8)


def test_an_imagined_estate_is_whole_and_the_same_on_every_run(imagined: Estate) -> None:
    check(imagined)
    assert (imagined.simulated, imagined.at.weekday(), imagined.clock(imagined.at).hour) == (True, 0, 8)
    again = imagine()
    pd.testing.assert_frame_equal(again.issues, imagined.issues)
    pd.testing.assert_frame_equal(again.frames["issues"], imagined.frames["issues"])


def test_what_is_imagined_open_has_not_ended_and_some_of_it_is_late(imagined: Estate) -> None:
    left, every = imagined.frames["issues"], imagined.issues
    assert set(left["code"]) == set(every.loc[every["closed_at"].isna(), "code"])
    asked = open_issues(left, imagined.at)["attention"].value_counts()
    assert 0 < asked["overdue"] < len(left)
    late = every["closed_at"] > every["due_at"]
    assert 0.05 < late[every["closed_at"].notna()].mean() < 0.2


def test_whose_an_imagined_report_is_a_store_would_say_as_well(imagined: Estate, furnished: Desk) -> None:
    routed = furnished.route(reported(imagined), imagined.at).routed
    for name in ("owner_role", "owner_grid", "owner", "owner_name", "tier1", "tier2", "tier3"):
        ours, theirs = (column.where(column.notna(), None) for column in (imagined.issues[name], routed[name]))
        assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == [], name


def test_an_estate_is_read_as_it_is_at_a_moment(session: Session, imagined: Estate, furnished: Desk) -> None:
    points = reported(imagined)
    done = points["reported_at"] + pd.Timedelta(days=2)
    points["closed_at"] = done.where(done < imagined.at)
    furnished.report(points, imagined.at, "days")
    found = read(session, imagined.at, demo.CODE)
    check(found)
    assert not found.simulated
    assert len(found.issues) == len(points)
    assert found.issues["closed_at"].isna().sum() == len(found.frames["issues"]) == points["closed_at"].isna().sum()
    assert (found.metric_epsg, found.timezone) == (imagined.metric_epsg, imagined.timezone)
    with pytest.raises(NotFoundError, match="NOWHERE"):
        read(session, imagined.at, "NOWHERE")


def test_where_there_is_no_store_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDMAP_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert store() is None
    said = capsys.readouterr().out
    assert "DATABASE_URL" in said
    assert "make demo" in said
    assert "simulated estate" in said
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_found_by_its_address_and_says_what_it_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    assert store() is None
    assert "The store is empty" in capsys.readouterr().out
    with database.session() as session:
        demo.furnish(session, datetime(2026, 1, 1, tzinfo=UTC))
    found: Any = store()
    assert capsys.readouterr().out == "The store of DATABASE_URL holds WJ.\n"
    found.close()
