"""Who directs somebody: the one a complaint about him would go to."""

from __future__ import annotations

from gridmap.domain.facts import Facts, Roster, Subject, Tree
from gridmap.domain.responsibility import Answer, decide
from gridmap.domain.roles import LAST_RESORT
from gridmap.domain.rules import RULES

# These take what nobody else takes; that alone does not make them anybody's superior.
STANDING_IN = ("dispatcher", "front_desk")


def superior(person: str | None, ground: str | None, tree: Tree, roster: Roster) -> Answer | None:
    """One post above a person's, or above the owner of the ground he works on; None if nobody holds it."""
    subject = Subject(group="service", kind="complaint", about=person)
    facts = Facts("inside", ground, tree.chain(ground), subject=subject)
    answer = decide(facts, tree, roster, RULES, LAST_RESORT[-1]).owner
    return None if answer.person is None or answer.role in STANDING_IN else answer
