"""The indicators as one table: what each counts, of what, and when something is due. It prints itself in the docs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from gridmap.analytics.indicators import demand, handling, outcomes, patrols
from gridmap.domain.periods import Window
from gridmap.language import Phrase, phrase

Measure = Callable[[pd.DataFrame, Window], pd.DataFrame]


@dataclass(frozen=True)
class Indicator:
    """An indicator: numerator, denominator and its "due" rule, in words and as the function that counts them.

    A `share` is counted out of what is due and has a Wilson interval, a `rate` per so many of something else and has a
    Garwood interval; an `amount` is what was typed in and has none.
    """

    code: str
    name: Phrase
    counts: Phrase
    of: Phrase
    due: Phrase
    sort: Literal["share", "rate", "amount"] = "share"
    better: Literal["high", "low", "neither"] = "high"
    source: Literal["issues", "rounds", "entries"] = "issues"
    measure: Measure | None = None
    per: Literal["households", "owners"] | None = None


_LIMIT_PASSES: Final = phrase(
    "its limit passes in the period; void, merged, held, referred and self-made issues are not due"
)
_REPORTED: Final = phrase("reported in the period; void and merged ones are left out")
_TYPED: Final = phrase("typed in for the period")

_TABLE: Final = (
    Indicator(
        "closing",
        phrase("closing rate"),
        phrase("issues closed"),
        phrase("issues due to be closed"),
        phrase(
            "its limit for resolving passes in the period, or it has none and was closed in it; "
            "void, merged, held, referred and self-made issues are not due"
        ),
        measure=handling.closing,
    ),
    Indicator(
        "on_time_closing",
        phrase("on-time closing rate"),
        phrase("issues closed that were resolved by their limit"),
        phrase("issues with a limit for resolving"),
        _LIMIT_PASSES,
        measure=handling.on_time_closing,
    ),
    Indicator(
        "response",
        phrase("first answer in time"),
        phrase("first answers by their limit"),
        phrase("issues with a limit for the first answer"),
        _LIMIT_PASSES,
        measure=handling.response,
    ),
    Indicator(
        "accepted",
        phrase("accepted in time"),
        phrase("issues accepted by their limit"),
        phrase("issues with a limit for accepting"),
        _LIMIT_PASSES,
        measure=handling.accepted_in_time,
    ),
    Indicator(
        "on_site",
        phrase("on site in time"),
        phrase("arrivals by their limit"),
        phrase("issues with a limit for arriving"),
        _LIMIT_PASSES,
        measure=handling.on_site_in_time,
    ),
    Indicator(
        "under_control",
        phrase("under control in time"),
        phrase("issues under control by their limit"),
        phrase("issues with a limit for control"),
        _LIMIT_PASSES,
        measure=handling.under_control_in_time,
    ),
    Indicator(
        "rework",
        phrase("rework rate"),
        phrase("issues that failed a check at least once"),
        phrase("issues resolved"),
        phrase("resolved in the period, for good so far"),
        better="low",
        measure=outcomes.rework,
    ),
    Indicator(
        "reopen",
        phrase("reopening rate"),
        phrase("issues that were reopened"),
        phrase("issues closed or reopened"),
        phrase("closed or reopened in the period"),
        better="low",
        measure=outcomes.reopen,
    ),
    Indicator(
        "recurrence",
        phrase("recurrence at one place"),
        phrase("issues of a category reported at the same facility, or within 30 m, in the 30 days before"),
        phrase("issues reported"),
        _REPORTED,
        better="low",
        measure=demand.recurrence,
    ),
    Indicator(
        "satisfaction",
        phrase("satisfaction rate"),
        phrase("reporters satisfied: 4 or 5 of 5"),
        phrase("reporters who answered the follow-up"),
        phrase("the last answer in the period; silence is no answer"),
        measure=outcomes.satisfaction,
    ),
    Indicator(
        "no_answer",
        phrase("closed without an answer"),
        phrase("issues closed because the reporter did not answer"),
        phrase("issues closed"),
        phrase("closed in the period"),
        better="low",
        measure=outcomes.no_answer,
    ),
    Indicator(
        "complaints",
        phrase("complaints per 100 households"),
        phrase("complaints reported"),
        phrase("hundreds of households"),
        _REPORTED,
        sort="rate",
        better="low",
        measure=demand.complaints,
        per="households",
    ),
    Indicator(
        "workload",
        phrase("issues per owner"),
        phrase("issues that have an owner"),
        phrase("different owners"),
        _REPORTED,
        sort="rate",
        better="neither",
        measure=demand.workload,
        per="owners",
    ),
    Indicator(
        "self_made",
        phrase("self-made issues"),
        phrase("issues found by who owns or handles them"),
        phrase("issues reported"),
        _REPORTED,
        better="neither",
        measure=handling.self_made,
    ),
    Indicator(
        "self_made_in_time",
        phrase("self-made issues closed on time"),
        phrase("self-made issues closed that were resolved by their limit"),
        phrase("self-made issues with a limit for resolving"),
        phrase("its limit passes in the period; void, merged, held and referred issues are not due"),
        better="neither",
        measure=handling.self_made_in_time,
    ),
    Indicator(
        "referred",
        phrase("referred issues looked after"),
        phrase("issues with others whose next look lies ahead"),
        phrase("issues with others"),
        phrase("referred out and not done at the end of the period; they are in no rate of what is late"),
        measure=handling.referred_looked_after,
    ),
    Indicator(
        "patrol_completion",
        phrase("patrol completion"),
        phrase("rounds finished in their time"),
        phrase("rounds due"),
        phrase("the time of the round ends in the period"),
        source="rounds",
        measure=patrols.patrol_completion,
    ),
    Indicator(
        "patrol_coverage",
        phrase("patrol coverage"),
        phrase("checkpoints visited"),
        phrase("checkpoints of the rounds due"),
        phrase("the time of the round ends in the period, whether it was made or not"),
        source="rounds",
        measure=patrols.patrol_coverage,
    ),
    Indicator(
        "accidents",
        phrase("serious accidents"),
        phrase("serious accidents"),
        phrase("nothing: it is a count"),
        _TYPED,
        sort="amount",
        better="low",
        source="entries",
    ),
    Indicator(
        "saving",
        phrase("resources saved"),
        phrase("what was saved"),
        phrase("what was to be used"),
        _TYPED,
        sort="amount",
        source="entries",
    ),
    Indicator(
        "cleaners",
        phrase("cleaners present"),
        phrase("cleaners present"),
        phrase("cleaners in the contract"),
        _TYPED,
        sort="amount",
        source="entries",
    ),
)  # fmt: skip

INDICATORS: Final[dict[str, Indicator]] = {indicator.code: indicator for indicator in _TABLE}
MEASURED: Final = tuple(code for code, indicator in INDICATORS.items() if indicator.measure is not None)
