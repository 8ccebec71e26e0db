"""Statements that are planned once a connection: planning takes longer than running them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from gridmap.storage.sql import statement

_PLACE = re.compile(r"%\((\w+)\)s")


def run_prepared(session: Session, name: str, types: Mapping[str, str], values: Mapping[str, Any]) -> list[RowMapping]:
    """The rows of `<name>.sql`, whose values are of these types, in this order."""
    connection = session.connection()
    if name not in connection.info:
        connection.exec_driver_sql(_preparation(name, tuple(types.items())))
        connection.info[name] = True
    return list(connection.exec_driver_sql(_execution(name, tuple(types.items())), dict(values)).mappings())


def weigh_anew(session: Session) -> None:
    """Tell the planner how much there is by now: what was prepared on an empty store is planned for a full one."""
    session.execute(text("analyze"))


@cache
def _preparation(name: str, types: tuple[tuple[str, str], ...]) -> str:
    number = {value: f"${place}" for place, (value, _) in enumerate(types, 1)}
    body = _PLACE.sub(lambda found: number[found[1]], statement(name))
    return f"prepare gridmap_{name} ({', '.join(kind for _, kind in types)}) as {body}"


@cache
def _execution(name: str, types: tuple[tuple[str, str], ...]) -> str:
    return f"execute gridmap_{name} ({', '.join(f'%({value})s::{kind}' for value, kind in types)})"
