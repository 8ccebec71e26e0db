"""The shapes of what comes in: strict, bounded, and told apart field by field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from gridmap.domain.codes import CODE_LENGTH
from gridmap.domain.lifecycle import KINDS, STATUSES, URGENCIES
from gridmap.errors import FieldError
from gridmap.spatial.coordinates import DATUMS

TEXT_LENGTH = 2_000
MOST_AT_ONCE = 5_000
ZONE_AFTER_SPACE = re.compile(r" (?=\d\d:?\d\d$)")
FARTHEST_M = 100_000


def storable(text: str) -> str:
    """Text that a database can hold and a page can show."""
    if any(letter == "\x00" or 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise ValueError("has a character that cannot be stored")
    return text


def printable(text: str) -> str:
    """Text for one line."""
    if not storable(text).isprintable():
        raise ValueError("has a character that cannot be printed")
    return text


def among(words: Sequence[str]) -> Callable[[str], str]:
    """A word from a list."""

    def known(word: str) -> str:
        if word not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return word

    return known


def listed(words: Sequence[str]) -> Any:
    """The list of words, for the description of the API."""
    return Field(json_schema_extra={"enum": list(words)})


def _to_millimetres(metres: float) -> float:
    """Nothing is known more closely; and what is all but nothing is too small to divide by."""
    return round(metres, 3)


def _written_out(said: Any) -> Any:
    """Seconds since 1970 are no date: nobody would see that they are milliseconds."""
    if isinstance(said, datetime) or (isinstance(said, str) and said[4:5] == "-"):
        return said
    raise ValueError("is no moment: write 2026-05-01T08:00:00+08:00")


def _in_our_time(moment: datetime) -> datetime:
    if not datetime(1970, 1, 1, tzinfo=UTC) <= moment < datetime(2201, 1, 1, tzinfo=UTC):
        raise ValueError("is out of the years 1970 to 2200")
    return moment


Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LENGTH), AfterValidator(storable)
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=CODE_LENGTH), AfterValidator(printable)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{2,30}$")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=0, le=FARTHEST_M, allow_inf_nan=False), AfterValidator(_to_millimetres)]
# What has been looked at is text, which a strict field would not take.
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_in_our_time)]
# A plus in an address is read as a space: a moment is understood as it was meant.
MomentAsked = Annotated[Moment, BeforeValidator(lambda said: ZONE_AFTER_SPACE.sub("+", said))]
Datum = Annotated[str, AfterValidator(among(DATUMS)), listed(DATUMS)]
Kind = Annotated[str, AfterValidator(among(KINDS)), listed(KINDS)]
Urgency = Annotated[str, AfterValidator(among(URGENCIES)), listed(URGENCIES)]
Status = Annotated[str, AfterValidator(among(STATUSES)), listed(STATUSES)]


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for n, name in enumerate(names) if name in names[:n])
        raise FieldError(twice, f"{twice} is said twice")


# Numbers need not be understood to see what is said twice.
_NAMES: Final = json.JSONDecoder(object_pairs_hook=_once, parse_int=len, parse_float=len, parse_constant=len)


def refuse_repeats(body: str | bytes | bytearray) -> None:
    """Refuse sound JSON that says a field twice: others on its way may have read the other one."""
    _NAMES.decode(body if isinstance(body, str) else body.decode())


class Body(BaseModel):
    """What comes in says what it means: no unknown fields, no numbers as text."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """A body of JSON in which each field is said once."""
        sound = super().model_validate_json(json_data, **how)
        refuse_repeats(json_data)
        return sound


class ReporterBody(Body):
    """Who reports, and how to reach them: shown to those who work on the issue alone."""

    name: Line | None = None
    phone: Phone | None = None


class ReportBody(Body):
    """Something at a place that somebody has to see to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"lon": 104.0655, "lat": 30.6605, "category": "lamp", "text": "路灯不亮", "accuracy_m": 15},
                {"lon": 104.068, "lat": 30.658, "datum": "gcj02", "category": "lift", "reference": "hotline-4711"},
            ]
        }
    )

    lon: Longitude
    lat: Latitude
    datum: Datum = "wgs84"
    category: Code = "other"
    kind: Kind | None = None
    urgency: Urgency | None = None
    text: Words | None = None
    level: Code | None = None
    facility: Code | None = None
    about: Code | None = None
    accuracy_m: Metres | None = None
    extent_m: Metres | None = None
    reported_at: Moment | None = None
    reporter: ReporterBody | None = None
    source: Line | None = None
    reference: Line | None = None
    site: Code | None = None


@dataclass(frozen=True)
class Faulty:
    """A report that is not what it must be, among others that may be."""

    errors: list[Any]


def _kept_apart(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """A report, or what is wrong with it: the others of the batch are none the worse for it."""
    try:
        return check(value)
    except ValidationError as error:
        return Faulty(list(error.errors()))


class BatchBody(Body):
    """Many reports of one site at once; each is taken or refused by itself."""

    issues: Annotated[
        list[Annotated[ReportBody, WrapValidator(_kept_apart)]], Field(min_length=1, max_length=MOST_AT_ONCE)
    ]
    site: Code | None = None


def bbox_of(text: str) -> tuple[float, float, float, float]:
    """West, south, east and north of `w,s,e,n` in degrees."""
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        raise ValueError("a box is west,south,east,north in degrees") from None
    if not all(math.isfinite(side) for side in (west, south, east, north)):
        raise ValueError("a box is west,south,east,north in degrees")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("west <= east and south <= north, within -180 to 180 and -90 to 90")
    return west, south, east, north
