"""Migrations, run from the package: no alembic.ini, no working directory."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revisions() -> set[str]:
    """Every version this gridmap knows."""
    return {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def head() -> str | None:
    """The newest version."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def migrate(connection: Connection, revision: str) -> None:
    """Bring a store up or down to a revision (`base`, `head`)."""
    direction = command.downgrade if revision == "base" else command.upgrade
    direction(_alembic(connection), revision)


def check_migrations(connection: Connection) -> None:
    """Raise if the mapped classes say something the migrations do not."""
    command.check(_alembic(connection))
