"""What a line of history says, in words."""

from __future__ import annotations

from typing import Final

from gridmap.language import Phrase, phrase

EVENT_NAMES: Final[dict[str, Phrase]] = {
    "report": phrase("it was reported"),
    "reroute": phrase("the plan moved it"),
    "deadline": phrase("a deadline was set anew"),
    "warn": phrase("a limit was near"),
    "escalate": phrase("a limit was over"),
    "link": phrase("another was hung under it"),
    "alarm": phrase("its alarm went on"),
    "recover": phrase("its alarm ended"),
    "file": phrase("it was filed"),
    "verify": phrase("it was verified on the spot"),
    "dispatch": phrase("it was dispatched"),
    "accept": phrase("it was accepted"),
    "return": phrase("it was returned"),
    "transfer": phrase("it was passed on"),
    "start": phrase("work began"),
    "arrive": phrase("somebody arrived"),
    "control": phrase("it was brought under control"),
    "hold": phrase("it was put on hold"),
    "resume": phrase("it was taken up again"),
    "support": phrase("support was asked for"),
    "refer": phrase("it was referred out"),
    "resolve": phrase("it was resolved"),
    "check": phrase("it was checked"),
    "answer": phrase("the reporter was answered"),
    "follow_up": phrase("the reporter was asked"),
    "close": phrase("it was closed"),
    "reopen": phrase("it was reopened"),
    "void": phrase("it was made void"),
    "merge": phrase("it was merged"),
    "supervise": phrase("it was put under supervision"),
    "plan": phrase("a plan was made"),
    "sign": phrase("being late was signed for"),
}
