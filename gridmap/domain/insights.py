"""What is asked of an analysis: which sort, of which issues, per what, whose neighbour is who; and names of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from gridmap.errors import FieldError
from gridmap.language import Phrase, phrase

# kind: what it looks for
ANALYSES: Final[dict[str, Phrase]] = {
    "hotspots": phrase("hot and cold spots"),
    "emerging": phrase("emerging hot spots"),
    "scan": phrase("clusters of grids"),
    "outbreaks": phrase("outbreaks"),
    "changes": phrase("changes"),
}
PER: Final = ("households", "nothing")
NEIGHBOURS: Final = ("queen", "rook", "auto", "distance", "nearest")
LONGEST_DAYS: Final = 3660
DRAWS: Final = 99_999
SEED: Final = 7
# A week: shorter periods hold weekends or none, and are no more alike than days are.
PERIOD_DAYS: Final = 7
# What has no other probability than that of maps drawn by chance, and how many those have to be at least.
OF_MAPS: Final = ("scan", "outbreaks")
FEWEST_MAPS: Final = 99
# An outbreak is told from what was usual before it, and lasts a third of the window, at most a month.
FEWEST_DAYS: Final = 14
LONGEST_OUTBREAK: Final = 30

# class: how sure
_HOT: Final[dict[int, Phrase]] = {
    3: phrase("hot, 99 % sure"),
    2: phrase("hot, 95 % sure"),
    1: phrase("hot, 90 % sure"),
    0: phrase("may be chance"),
    -1: phrase("cold, 90 % sure"),
    -2: phrase("cold, 95 % sure"),
    -3: phrase("cold, 99 % sure"),
}
# kind: class: how sure; what the other side would be, only those have that have one
CLASSES: Final[dict[str, dict[int, Phrase]]] = {
    "hotspots": _HOT,
    "emerging": _HOT,
    "scan": {
        3: phrase("cluster, 99 % sure"),
        2: phrase("cluster, 95 % sure"),
        1: phrase("cluster, 90 % sure"),
        0: phrase("may be chance"),
    },
    "outbreaks": {
        3: phrase("begun lately, 99 % sure"),
        2: phrase("begun lately, 95 % sure"),
        1: phrase("begun lately, 90 % sure"),
        0: phrase("may be chance"),
    },
    "changes": {
        3: phrase("more than before, 99 % sure"),
        2: phrase("more than before, 95 % sure"),
        1: phrase("more than before, 90 % sure"),
        0: phrase("may be chance"),
        -1: phrase("less than before, 90 % sure"),
        -2: phrase("less than before, 95 % sure"),
        -3: phrase("less than before, 99 % sure"),
    },
}
# category: what the periods of the grid make of it
EMERGING: Final[dict[str, Phrase]] = {
    "new hot": phrase("new hot spot"),
    "consecutive hot": phrase("consecutive hot spot"),
    "intensifying hot": phrase("intensifying hot spot"),
    "persistent hot": phrase("persistent hot spot"),
    "diminishing hot": phrase("diminishing hot spot"),
    "sporadic hot": phrase("sporadic hot spot"),
    "oscillating hot": phrase("oscillating hot spot"),
    "historical hot": phrase("historical hot spot"),
    "new cold": phrase("new cold spot"),
    "consecutive cold": phrase("consecutive cold spot"),
    "intensifying cold": phrase("intensifying cold spot"),
    "persistent cold": phrase("persistent cold spot"),
    "diminishing cold": phrase("diminishing cold spot"),
    "sporadic cold": phrase("sporadic cold spot"),
    "oscillating cold": phrase("oscillating cold spot"),
    "historical cold": phrase("historical cold spot"),
    "none": phrase("no pattern"),
}
# What is said beside every analysis, of what to do next.
NEXT: Final[dict[str, Phrase]] = {
    "repeats": phrase("Facilities that come back again and again"),
    "rounds": phrase("Where a round would find most tomorrow"),
}


@dataclass(frozen=True)
class Question:
    """What is asked: the tier, how many days back, of which categories, per what, and who is a neighbour.

    `reach` is the metres of a distance band or the count of the nearest; contiguity and `auto` have none. With
    `draws` of 0 probabilities are the normal's.
    """

    kind: str = "hotspots"
    tier: int = 3
    days: int = 90
    categories: tuple[str, ...] = ()
    per: str = "households"
    neighbours: str = "queen"
    reach: float | None = None
    draws: int = DRAWS
    seed: int = SEED

    def check(self) -> None:
        """Refuse what cannot be asked, by the field it stands in."""
        for field, said, known in (
            ("kind", self.kind, ANALYSES), ("per", self.per, PER), ("neighbours", self.neighbours, NEIGHBOURS),
        ):  # fmt: skip
            if said not in known:
                raise FieldError(field, f"{field} {said!r}: choose one of {', '.join(known)}")
        if self.tier not in (1, 2, 3):
            raise FieldError("tier", f"tier {self.tier}: there are 1, 2 and 3")
        if not 1 <= self.days <= LONGEST_DAYS:
            raise FieldError("days", f"{self.days} days: choose 1 to {LONGEST_DAYS}")
        if self.kind in OF_MAPS and self.draws < FEWEST_MAPS:
            raise FieldError("draws", f"{self.kind} are told from chance by drawn maps: draw {FEWEST_MAPS} or more")
        if self.kind == "outbreaks" and self.days < FEWEST_DAYS:
            raise FieldError("days", f"{self.days} days do not tell what is usual: choose {FEWEST_DAYS} or more")
        if self.kind == "emerging" and self.days < 4 * PERIOD_DAYS:
            raise FieldError("days", f"{self.days} days are less than four weeks, which emerging hot spots need")
        if (self.neighbours in ("distance", "nearest")) != (self.reach is not None):
            raise FieldError("reach", "reach is the metres of distance, or the count of nearest; the others have none")

    def as_json(self) -> dict[str, Any]:
        """The settings as they are kept."""
        return {**asdict(self), "categories": list(self.categories)}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Question:
        """The settings as they were kept."""
        return cls(**{**said, "categories": tuple(said["categories"])})
