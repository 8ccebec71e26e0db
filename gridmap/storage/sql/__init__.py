"""SQL is source: each statement is a file of its own."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `<name>.sql`."""
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")
