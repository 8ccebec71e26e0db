"""Households in need and at risk: who may know where they live, and what is still to be settled before a flood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridmap.domain.facts import Roster, Tree
from gridmap.domain.superiors import superior

# The "three settled" of the flood season: the household, where it goes, and who sees to it.
SETTLED = ("shelter", "guardian")


def told(visitor: str, ground: str | None, tree: Tree, roster: Roster) -> frozenset[str]:
    """The people who may know where a household lives: its visitor, and whoever directs him. Nobody else."""
    above = superior(visitor, ground, tree, roster)
    return frozenset({visitor, above.person.code} if above and above.person else {visitor})


def missing(household: Mapping[str, Any]) -> tuple[str, ...]:
    """What a household at risk still lacks; nothing if it is settled."""
    return tuple(name for name in SETTLED if household[name] is None)
