"""What is asked of an analysis: of which issues, per what, whose neighbour is who; and how its classes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from gridmap.errors import FieldError
from gridmap.language import Phrase, phrase

ANALYSES: Final = ("hotspots", "emerging")
PER: Final = ("households", "nothing")
NEIGHBOURS: Final = ("queen", "rook", "auto", "distance", "nearest")
LONGEST_DAYS: Final = 3660
DRAWS: Final = 99_999
SEED: Final = 7
# A week: shorter periods hold weekends or none, and are no more alike than days are.
PERIOD_DAYS: Final = 7

# class: how sure
CLASSES: Final[dict[int, Phrase]] = {
    3: phrase("hot, 99 % sure"),
    2: phrase("hot, 95 % sure"),
    1: phrase("hot, 90 % sure"),
    0: phrase("may be chance"),
    -1: phrase("cold, 90 % sure"),
    -2: phrase("cold, 95 % sure"),
    -3: phrase("cold, 99 % sure"),
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
