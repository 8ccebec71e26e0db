"""The store's tables: migrated up, down and up, and the same as the mapped classes."""

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gridmap.domain.categories import CATEGORIES
from gridmap.errors import StoreError
from gridmap.storage.database import Database
from gridmap.storage.migrations import HEAD
from gridmap.storage.upgrades import check_migrations, head, migrate


def test_the_migrations_say_what_the_classes_say(database: Database) -> None:
    with database.engine.begin() as connection:
        check_migrations(connection)


def test_the_newest_version_is_the_one_that_stores_are_held_against() -> None:
    assert head() == HEAD


def test_the_store_goes_up_and_down_and_up_again(database: Database) -> None:
    with database.engine.begin() as connection:
        migrate(connection, "base")
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version", "spatial_ref_sys"}
    with database.engine.begin() as connection:
        migrate(connection, "head")
    assert "issue" in inspect(database.engine).get_table_names()


def test_a_prepared_store_knows_the_built_in_categories(database: Database) -> None:
    database.prepare()
    with database.engine.connect() as connection:
        assert connection.execute(text("select count(*) from category")).scalar_one() == len(CATEGORIES)


def test_a_store_of_a_newer_version_is_refused_in_a_sentence(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreError, match="use a newer gridmap"):
        database.prepare()


def test_a_database_that_does_not_answer_is_named_in_a_sentence() -> None:
    with pytest.raises(StoreError, match="does not answer"):
        Database("postgresql+psycopg2:///nowhere?host=/nonexistent").prepare()


def test_two_editions_of_a_site_are_never_in_force_at_once(session: Session) -> None:
    session.execute(text("insert into site (id, code, name, metric_epsg) values (1, 'A', 'A', 32650)"))
    edition = "insert into edition (site_id, number, status, valid_from, leaf_tier) values (1, :n, 'published', :d, 3)"
    session.execute(text(edition), {"n": 1, "d": "2020-01-01"})
    with pytest.raises(IntegrityError, match="ex_edition_one_in_force"):
        session.execute(text(edition), {"n": 2, "d": "2021-01-01"})
