"""Who directs somebody: the one a complaint about him would go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridmap.domain.facts import Facts, Person, PostFact, Roster, Subject, Tree
from gridmap.domain.responsibility import Answer, decide
from gridmap.domain.roles import DIRECTED_BY, LAST_RESORT
from gridmap.domain.rules import RULES

# These take what nobody else takes; that alone does not make them anybody's superior.
STANDING_IN: Final = ("dispatcher", "front_desk")
HEADS: Final = ("project_head", "department_head")


def superior(person: str | None, ground: str | None, tree: Tree, roster: Roster) -> Answer | None:
    """One post above a person's, or above the owner of the ground he works on; None if nobody holds it."""
    posts = roster.by_person.get(person, []) if person else []
    held = [post.grid for post in posts if post.grid is not None and post.grid in tree.tiers]
    ground = ground or min(held, default=None)
    if ground is None:
        return _of_whole_site(posts, roster)
    subject = Subject(group="service", kind="complaint", about=person)
    facts = Facts("inside", ground, tree.chain(ground), subject=subject)
    answer = decide(facts, tree, roster, RULES, LAST_RESORT[-1]).owner
    return None if answer.person is None or answer.role in STANDING_IN else answer


def _of_whole_site(posts: list[PostFact], roster: Roster) -> Answer | None:
    """Who directs somebody whose posts are of no grid: the holder of the role above, for the whole site too."""
    own = {post.person.code for post in posts}
    for role in _above(min((post.role for post in posts), default=None)):
        for post in roster.at(role, None):
            found = acting(post)
            if found is not None and found.code not in own:
                return Answer("owns", role, None, found)
    return None


def _above(role: str | None) -> Iterator[str]:
    """The roles above one, and at last those above all."""
    if role is None:
        return
    while (role := DIRECTED_BY.get(role)) is not None:
        yield role
    yield from HEADS


def acting(post: PostFact) -> Person | None:
    """Whoever acts on a post: its holder, or the deputy while he is away."""
    if not post.away:
        return post.person
    return None if post.deputy_away else post.deputy
