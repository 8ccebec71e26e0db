"""Vector tiles as the database makes them: what is on them, at which zoom, for whom, and what issues are counted as."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.attention import ATTENTIONS, attention
from gridmap.domain.lifecycle import OPEN, URGENCIES
from gridmap.domain.model import Site
from gridmap.domain.rights import Viewer
from gridmap.domain.zooms import MOST_SINGLES, Tile, tile_at
from gridmap.operations import tiles
from gridmap.operations.checks import check
from gridmap.operations.outlines import outline_from_toml
from gridmap.operations.plans import read_plan
from gridmap.operations.publication import publish
from gridmap.storage import places
from gridmap.storage import tiles as stored
from gridmap.storage.cluster import Cluster
from gridmap.storage.database import Database
from gridmap.storage.plan_views import Plan
from tests.conftest import fresh_store
from tests.estate import Estate, spot
from tests.vector_tiles import Layer, read

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
# All of the small estate lies on it.
WHOLE = Tile(14, 13721, 6693)


@pytest.fixture(scope="module")
def built(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with the small estate."""
    plan = Estate().write(tmp_path_factory.mktemp("plan"))
    with fresh_store(cluster, template) as database:
        with database.session() as session:
            publish(session, check(session, read_plan(outline_from_toml(plan)), NOW), NOW)
        yield database


@pytest.fixture
def session(built: Database) -> Iterator[Session]:
    """A session whose transaction is undone."""
    with Session(built.engine) as session:
        yield session
        session.rollback()


@pytest.fixture
def plan(session: Session) -> Plan:
    site = places.site(session, "WJ")
    edition = places.edition_in_force(session, site.id, NOW)
    assert edition is not None
    return Plan(site.id, edition.id, edition.leaf_tier, NOW)


def viewer(plan: Plan, role: str = "dispatcher", **of: Any) -> Viewer:
    return Viewer(1, "somebody", role, plan.site_id, "WJ", **of)


def layer(session: Session, plan: Plan, name: Any, at: Tile, who: Viewer | None = None) -> Layer:
    tile = tiles.tile(session, who or viewer(plan), plan, name, at)
    return read(gzip.decompress(tile))[name] if tile else Layer(name)


# ---------------------------------------------------------------- the plan


def test_a_tile_of_grids_has_every_tier_the_first_on_top(session: Session, plan: Plan) -> None:
    found = layer(session, plan, "grids", WHOLE)
    assert [feature.properties["tier"] for feature in found.features] == [3] * 16 + [2] * 4 + [1] * 2
    assert found["Z1-C1-1"].properties == {"code": "Z1-C1-1", "name": "grid Z1-C1-1", "tier": 3, "parent": "Z1-C1"}
    assert "parent" not in found["Z1"].properties


def test_neighbours_on_a_tile_share_their_edges(session: Session, plan: Plan) -> None:
    for at in (WHOLE, tile_at(*spot(2, 2), 17)):
        found = layer(session, plan, "grids", at)
        leaves = [feature.polygon() for feature in found.features if feature.properties["tier"] == 3]
        assert shapely.area(leaves).sum() == shapely.union_all(leaves).area


def test_leaves_are_not_drawn_from_afar_and_the_first_tier_always_is(session: Session, plan: Plan) -> None:
    tiers = {
        zoom: {
            feature.properties["tier"] for feature in layer(session, plan, "grids", tile_at(*spot(2, 2), zoom)).features
        }
        for zoom in (8, 11, 13)
    }
    assert tiers == {8: {1}, 11: {1, 2}, 13: {1, 2, 3}}


def test_tiles_are_made_ahead_when_a_plan_is_published(session: Session, plan: Plan) -> None:
    made = session.execute(text("select layer, max(z), count(*) from grid_tile group by layer order by layer")).all()
    assert [row[0] for row in made] == ["grids", "labels"]
    drawing = tiles.drawing_of(session, plan.edition_id)
    assert made[0][1] == drawing.built_to
    assert made[0][2] <= tiles.MOST_AHEAD


def test_what_is_made_ahead_is_what_would_be_made_now(session: Session, plan: Plan) -> None:
    drawing = tiles.drawing_of(session, plan.edition_id)
    for name, at in product(("grids", "labels"), (WHOLE, tile_at(*spot(1, 1), drawing.built_to))):
        now = stored.plan_tile(session, viewer(plan), plan, name, at, drawing)
        assert tiles.tile(session, viewer(plan), plan, name, at) == tiles.packed(now) != b""


def test_a_plan_that_was_published_before_there_were_drawings_is_drawn_when_it_is_asked_for(
    session: Session, plan: Plan
) -> None:
    before = layer(session, plan, "grids", WHOLE).codes()
    for table in ("grid_tile", "grid_label", "grid_shape", "drawing"):
        session.execute(text(f"delete from {table}"))
    session.expire_all()
    assert layer(session, plan, "grids", WHOLE).codes() == before
    assert session.execute(text("select count(*) from grid_tile")).scalar_one() > 0


def test_who_sees_a_part_gets_it_with_the_chain_above(session: Session, plan: Plan) -> None:
    owner = viewer(plan, "grid_owner", grids=("Z1-C1-2",))
    assert layer(session, plan, "grids", WHOLE, owner).codes() == {"Z1", "Z1-C1", "Z1-C1-2"}
    assert layer(session, plan, "labels", WHOLE, owner).codes() <= {"Z1", "Z1-C1", "Z1-C1-2"}
    assert layer(session, plan, "buildings", tile_at(*spot(1.5, 0.5), 15), owner).codes() == {"H-Z1-C1-2"}
    # The pump stands in the next cell, and the car park is another's.
    assert layer(session, plan, "facilities", tile_at(*spot(0.2, 0.2), 14), owner).codes() == set()


def test_labels_stand_in_their_grids_with_the_radius_that_is_free(session: Session, plan: Plan) -> None:
    found = layer(session, plan, "labels", tile_at(*spot(0.5, 0.5), 17))
    said = found["Z1-C1-1"].properties
    assert (said["tier"], said["name"]) == (3, "grid Z1-C1-1")
    assert said["r"] == pytest.approx(46, abs=2)  # half of 93 m


def test_what_stands_on_the_ground_is_drawn_as_soon_as_it_is_written(session: Session, plan: Plan) -> None:
    at = tile_at(*spot(0.5, 0.5), 16)
    assert "H-Z1-C1-1" in layer(session, plan, "buildings", at).codes()
    session.execute(text("update building set geom = st_translate(geom, 1, 0) where code = 'H-Z1-C1-1'"))
    assert "H-Z1-C1-1" not in layer(session, plan, "buildings", at).codes()
    session.execute(text("delete from facility where code = 'PUMP'"))
    assert "PUMP" not in layer(session, plan, "facilities", at).codes()
    session.execute(
        text("""
            insert into facility (site_id, code, name, kind, geom)
            select id, 'BENCH', 'bench', 'bench', st_setsrid(st_makepoint(:lon, :lat), 4326) from site
        """),
        dict(zip(("lon", "lat"), spot(0.5, 0.5), strict=True)),
    )
    bench = layer(session, plan, "facilities", at)["BENCH"]
    assert bench.properties == {"code": "BENCH", "name": "bench", "kind": "bench", "state": "in_order"}


def test_where_nothing_is_the_tile_is_empty(session: Session, plan: Plan) -> None:
    for name in ("grids", "labels", "buildings", "facilities", "issues"):
        assert tiles.tile(session, viewer(plan), plan, name, Tile(15, 0, 0)) == b""  # type: ignore[arg-type]


# ---------------------------------------------------------------- issues


def report(session: Session, count: int, where: tuple[float, float], spread: float = 0.0, **said: Any) -> None:
    """So many issues in a row from a spot, every one as said."""
    values = {"status": "filed", "urgency": "normal", "due_at": None, "held_at": None, "about": None, **said}
    session.execute(
        text("""
            insert into decision (site_id, digest, answers, reasons) select id, '1', '[]', '[]' from site
            on conflict do nothing
        """)
    )
    session.execute(
        text("""
            insert into issue (
                code, site_id, category_id, kind, urgency, status, source, reported_at, received_at, due_at, held_at,
                geom, position, edition_id, grid_id, tier1, tier2, tier3, decision_id, owner_role, owner_grid, about_id
            )
            select 'T-' || (select coalesce(max(id), 0) from issue) || '-' || n, s.id, c.id, 'repair', :urgency,
                   :status, 'desk', :now, :now, cast(:due_at as timestamptz), cast(:held_at as timestamptz),
                   st_setsrid(st_makepoint(:lon + n * :spread, :lat), 4326), 'inside', g.edition_id, g.id,
                   'Z1', 'Z1-C1', 'Z1-C1-1', d.id, 'grid_owner', g.code,
                   (select id from person where code = :about and site_id = s.id)
            from generate_series(1, :count) n, site s, grid g, decision d, category c
            where g.code = 'Z1-C1-1' and c.code = 'lift' and c.site_id is null
        """),
        {**values, "now": NOW, "lon": where[0], "lat": where[1], "count": count, "spread": spread},
    )


@pytest.mark.parametrize(
    ("status", "urgency", "due", "held"),
    list(product(OPEN, URGENCIES, (None, timedelta(hours=-1), timedelta(hours=1)), (False, True))),
)
def test_what_an_issue_asks_for_is_what_the_map_says(
    session: Session, plan: Plan, status: str, urgency: str, due: timedelta | None, held: bool
) -> None:
    said = {
        "status": status, "urgency": urgency, "due_at": NOW + due if due else None, "held_at": NOW if held else None,
    }  # fmt: skip
    report(session, 1, spot(0.5, 0.5), **said)
    (found,) = layer(session, plan, "issues", tile_at(*spot(0.5, 0.5), 17)).features
    assert found.properties["attention"] == attention(said, NOW)
    assert found.properties["rank"] == list(ATTENTIONS).index(attention(said, NOW))
    assert found.properties["held"] is held


def test_close_up_issues_come_one_by_one_where_they_are(session: Session, plan: Plan) -> None:
    report(session, 3, spot(0.5, 0.5), spread=1e-4, due_at=NOW + timedelta(hours=2))
    at = tile_at(*spot(0.5, 0.5), 16)
    found = layer(session, plan, "issues", at)
    assert len(found.features) == 3
    first = found.features[0]
    assert {name: first.properties[name] for name in ("category", "urgency", "status", "count", "attention")} == {
        "category": "lift", "urgency": "normal", "status": "filed", "count": 1, "attention": "new",
    }  # fmt: skip
    assert datetime.fromisoformat(first.properties["due_at"]) == NOW + timedelta(hours=2)
    west, south, east, north = at.bounds
    x, y = first.parts[0][0]
    assert west + (east - west) * x / 4096 == pytest.approx(spot(0.5, 0.5)[0] + 1e-4, abs=2e-6)
    assert north - (north - south) * y / 4096 == pytest.approx(spot(0.5, 0.5)[1], abs=2e-6)


def test_from_afar_issues_are_counted_with_the_worst_of_them(session: Session, plan: Plan) -> None:
    report(session, 40, spot(0.5, 0.5))
    report(session, 2, spot(0.5, 0.5), due_at=NOW - timedelta(days=1))
    (found,) = layer(session, plan, "issues", tile_at(*spot(0.5, 0.5), 12)).features
    assert (found.properties["count"], found.properties["attention"]) == (42, "overdue")
    assert "code" not in found.properties


def test_a_tile_with_too_many_issues_counts_them_close_up_too(session: Session, plan: Plan) -> None:
    at = tile_at(*spot(0.5, 0.5), 18)
    report(session, MOST_SINGLES + 1, spot(0.5, 0.5), spread=1e-8)
    found = layer(session, plan, "issues", at)
    assert sum(feature.properties["count"] for feature in found.features) == MOST_SINGLES + 1
    assert len(found.features) < 300


def test_every_issue_is_on_one_tile_of_a_zoom(session: Session, plan: Plan) -> None:
    corner = Tile(18, 219545, 107095)
    west, _, _, north = corner.bounds
    report(session, 1, (west, north))
    on = [
        Tile(18, corner.x + dx, corner.y + dy)
        for dx, dy in product((-1, 0), (-1, 0))
        if layer(session, plan, "issues", Tile(18, corner.x + dx, corner.y + dy)).features
    ]
    assert len(on) == 1


def test_nobody_sees_an_issue_on_a_tile_that_he_may_not_see(session: Session, plan: Plan) -> None:
    at = tile_at(*spot(0.5, 0.5), 16)
    report(session, 1, spot(0.5, 0.5), about="TOM")
    tom = session.execute(text("select id from person where code = 'TOM'")).scalar_one()
    seen = {
        "dispatcher": viewer(plan),
        "owner": viewer(plan, "grid_owner", grids=("Z1-C1-1",)),
        "neighbour": viewer(plan, "grid_owner", grids=("Z1-C1-2",)),
        "resident": viewer(plan, "resident"),
        "tom": viewer(plan, "head", person_id=tom, person="TOM"),
    }
    counts = {name: len(layer(session, plan, "issues", at, who).features) for name, who in seen.items()}
    assert counts == {"dispatcher": 1, "owner": 1, "neighbour": 0, "resident": 0, "tom": 0}


def test_what_has_ended_is_on_no_tile(session: Session, plan: Plan) -> None:
    report(session, 1, spot(0.5, 0.5), status="closed")
    assert not layer(session, plan, "issues", tile_at(*spot(0.5, 0.5), 16)).features


def test_loads_count_open_issues_in_every_tier(session: Session, plan: Plan) -> None:
    report(session, 3, spot(0.5, 0.5))
    assert stored.open_by_grid(session, viewer(plan), plan) == '{ "Z1" : 3, "Z1-C1" : 3, "Z1-C1-1" : 3 }'
    assert stored.open_by_grid(session, viewer(plan, "resident"), plan) == "{}"


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(("lon", "lat"), [spot(0, 0), (0.0, 0.0), (-179.9, 85), (179.9, -85), (-77.03, 38.9)])
def test_the_tile_at_a_position_holds_it(lon: float, lat: float) -> None:
    for zoom in range(19):
        tile = tile_at(lon, lat, zoom)
        west, south, east, north = tile.bounds
        assert west <= lon < east
        assert south <= lat <= north
        assert tile.fault() is None


def test_a_drawing_goes_with_its_edition(session: Session, plan: Plan, tmp_path: Path) -> None:
    site = session.get(Site, plan.site_id)
    assert site is not None
    later = Estate().write(tmp_path / "later")
    published = publish(session, check(session, read_plan(outline_from_toml(later)), NOW), NOW, draft=True)
    tiles.draw(session, published.edition.id)
    session.execute(text("delete from edition where id = :id"), {"id": published.edition.id})
    for table in ("drawing", "grid_shape", "grid_label", "grid_tile"):
        left = session.execute(
            text(f"select count(*) from {table} where edition_id = :id"), {"id": published.edition.id}
        )
        assert left.scalar_one() == 0
