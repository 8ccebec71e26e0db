"""Who holds which post of a site, moment by moment: read once for many moments."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

from sqlalchemy.orm import Session

from gridmap.domain.facts import PostFact, Roster, Tree
from gridmap.storage import people, places

BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Rosters:
    """The tree and the posts of one site."""

    def __init__(self, session: Session, site_id: int, at: datetime) -> None:
        self.session, self.site_id = session, site_id
        edition = places.edition_in_force(session, site_id, at)
        rows = places.tree_rows(session, edition.id) if edition is not None else []
        self.edition_id = None if edition is None else edition.id
        self.tree = Tree({code: parent for code, _, parent, _ in rows}, {code: tier for code, _, _, tier in rows})
        self._moments = [BEGINNING, *people.post_moments(session, site_id)]
        self._rosters: dict[datetime, Roster] = {}
        self._posts: dict[datetime, list[PostFact]] = {}

    def posts(self, at: datetime) -> list[PostFact]:
        """The posts in force at a moment."""
        epoch = self._moments[bisect_right(self._moments, at) - 1]
        if epoch not in self._posts:
            self._posts[epoch] = people.posts_in_force(self.session, self.site_id, epoch)
        return self._posts[epoch]

    def roster(self, at: datetime) -> Roster:
        """The same by seat and by person."""
        epoch = self._moments[bisect_right(self._moments, at) - 1]
        if epoch not in self._rosters:
            self._rosters[epoch] = Roster(self.posts(at))
        return self._rosters[epoch]
