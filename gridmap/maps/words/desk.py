"""What the cards, the actions and the handing out say."""

from __future__ import annotations

from typing import Final

from gridmap.domain.events import EVENT_NAMES
from gridmap.domain.letters import STAMP_NAMES
from gridmap.domain.lifecycle import FOLLOWED_BY, PHOTO_SORTS
from gridmap.language import Phrase, phrase

_CARD: Final = {
    "back": phrase("Back"),
    "close": phrase("Close"),
    "loading": phrase("One moment …"),
    "gone": phrase("This is not here, or no longer yours to see."),
    "tier1": phrase("Zone"),
    "tier2": phrase("Cluster"),
    "tier3": phrase("Cell"),
    "show": phrase("Show on the map"),
    "none": phrase("none"),
    "more": phrase("Show all {count}"),
    "changed": phrase("{code} has changed meanwhile: it is {status} now."),
}

_GRID: Final = {
    "open": phrase("open"),
    "overdue": phrase("overdue"),
    "households": phrase("households"),
    "buildings": phrase("buildings"),
    "in_charge": phrase("In charge"),
    "vacant": phrase("The post is vacant."),
    "away": phrase("away until {until}"),
    "deputy": phrase("Deputy"),
    "pressing": phrase("Most pressing"),
    "calm": phrase("Nothing is open here."),
    "this_month": phrase("This month"),
    "reported": phrase("{count} reported"),
    "of": phrase("{counted} of {n}"),
    "interval": phrase("95 % interval {low} to {high}"),
    "few": phrase("few cases: says little yet"),
    "no_figures": phrase("Nothing is due yet this month."),
    "before": phrase("last month {value}"),
    "facilities": phrase("Facilities"),
    "all_work": phrase("All are in order."),
    "rounds": phrase("Patrols"),
    "next_round": phrase("next"),
    "last_round": phrase("last"),
    "visited": phrase("{visited} of {due} checkpoints"),
    "no_round": phrase("No patrol is planned."),
    "part": phrase("Your part of it"),
}

_ROUNDS: Final = {
    "round_planned": phrase("planned"),
    "round_started": phrase("under way"),
    "round_done": phrase("done"),
    "round_late": phrase("done late"),
    "round_missed": phrase("missed"),
    "round_cancelled": phrase("cancelled"),
}

_THINGS: Final = {
    "use": phrase("use"),
    "floors": phrase("floors"),
    "built": phrase("built"),
    "grade": phrase("grade"),
    "risk": phrase("risk"),
    "delivered": phrase("handed over"),
    "warranty": phrase("warranty until"),
    "kind": phrase("kind"),
    "maker": phrase("maker"),
    "in_use": phrase("in use since"),
    "inspection": phrase("inspection due"),
    "level": phrase("level"),
    "keeper": phrase("keeper"),
    "grids": phrase("answered for by"),
    "states": phrase("States so far"),
    "expired": phrase("over"),
}

_ISSUE: Final = {
    "where": phrase("Where"),
    "floor": phrase("level {level}"),
    "position_boundary": phrase("on the line between grids"),
    "position_near": phrase("just outside the grid"),
    "position_outside": phrase("outside all grids"),
    "people": phrase("Who"),
    "owner": phrase("owner"),
    "handler": phrase("handler"),
    "reporter": phrase("reporter"),
    "nobody": phrase("nobody yet"),
    "call": phrase("Call the {body}: {number}"),
    "call_body": phrase("Call the {body}."),
    "clocks": phrase("Deadlines"),
    "left": phrase("left"),
    "late": phrase("late"),
    "by": phrase("by {moment}"),
    "paused": phrase("the clock stands since {moment}"),
    "met": phrase("in time, {moment}"),
    "met_late": phrase("late, {moment}"),
    "provisional": phrase("provisional: the calendar of that year is not out yet"),
    "days": phrase("{days} d {clock}"),
    "photos": phrase("Photos"),
    "photo": phrase("Photo {number}: {sort}"),
    "far_off": phrase("taken {metres} m away"),
    "elsewhere": phrase("the same picture stands in another issue"),
    "history": phrase("What has happened"),
    "reasons": phrase("Why it is theirs"),
    "links": phrase("Belongs together"),
    "parent": phrase("hangs under"),
    "children": phrase("under it"),
    "text": phrase("What was reported"),
    "reported_at": phrase("reported {moment}"),
    "supported": phrase("{count} more have said so"),
    "kind_repair": phrase("repair"),
    "kind_complaint": phrase("complaint"),
    "kind_enquiry": phrase("enquiry"),
    "kind_suggestion": phrase("suggestion"),
    "kind_inspection": phrase("inspection finding"),
    "kind_alarm": phrase("alarm"),
}

# What a line of history says beside what was done.
_LINES: Final = {
    "to_whom": phrase("to {person}"),
    "passed": phrase("it has passed"),
    "failed": phrase("it has not passed"),
    "rated": phrase("{stars} of 5"),
    "unanswered": phrase("no answer"),
    "closed_solved": phrase("solved"),
    "closed_no_answer": phrase("without an answer of the reporter"),
    "referred_to": phrase("to {body}"),
    "referred_as": phrase("to {body}, reference {reference}"),
    "look_again": phrase("look again {moment}"),
    "into": phrase("into {code}"),
    "moved_due": phrase("{stamp}: {was} → {now}"),
    "new_due": phrase("{stamp} by {now}"),
    "no_due": phrase("{stamp} is not due any more"),
    "was_now": phrase("{was} → {now}"),
    "complex": phrase("complex: it takes longer"),
    "with_photos": phrase("{count} photos"),
    "plan_step": phrase("{what}, by {moment}"),
}

# Roles of accounts that hold no post; the others are called as posts are.
_ROLES: Final = {
    "role_resident": phrase("resident"),
    "role_head": phrase("head"),
    "role_auditor": phrase("auditor"),
    "role_analyst": phrase("analyst"),
    "role_admin": phrase("administrator"),
    "role_handler": phrase("handler"),
    "role_reporter": phrase("reporter"),
    "role_system": phrase("by the rules"),
}

_ACTING: Final = {
    "act_close": phrase("Close the case"),
    "actions": phrase("What you may do"),
    "other_actions": phrase("More"),
    "nothing": phrase("There is nothing for you to do here now."),
    "do": phrase("Do it"),
    "cancel": phrase("Cancel"),
    "done": phrase("{code}: {status}"),
    "note": phrase("Note"),
    "optional": phrase("if you like"),
    "needed": phrase("This has to be said."),
    "to": phrase("To whom"),
    "by_rules": phrase("As the rules choose"),
    "by_rules_to": phrase("As the rules choose: {person}"),
    "somebody_else": phrase("Somebody else"),
    "find_person": phrase("name or code"),
    "due": phrase("Wanted by"),
    "check_passed": phrase("Has it passed?"),
    "yes": phrase("Yes"),
    "no": phrase("No"),
    "body": phrase("Referred to"),
    "reference": phrase("Their reference"),
    "look_at": phrase("Look again"),
    "satisfaction": phrase("How satisfied, 1 to 5"),
    "words": phrase("In the reporter's words"),
    "via": phrase("Asked by"),
    "no_answer": phrase("The reporter does not answer"),
    "merge_into": phrase("Into which issue"),
    "steps": phrase("Steps"),
    "step": phrase("Step {number}"),
    "add_step": phrase("Another step"),
    "category": phrase("Category"),
    "unchanged": phrase("as it is"),
    "urgency": phrase("Urgency"),
    "is_complex": phrase("Complex: it takes longer"),
    "add_photos": phrase("Photos"),
    "photo_kind": phrase("They show it"),
    "sending": phrase("Sending …"),
    "sending_photo": phrase("Sending photo {number} of {count} …"),
    "stale": phrase("{code} has changed meanwhile: it is {status} now. Look again; what you wrote is kept."),
    "no_longer": phrase("{action} can no longer be done; what you wrote is kept until you close the card."),
    "given_away": phrase("Done. It is no longer yours to see."),
}

_MANY: Final = {
    "several": phrase("Choose several"),
    "several_on": phrase("Choosing several: click issues, or drag a box round them."),
    "chosen": phrase("{count} issues to hand out"),
    "drop": phrase("Leave out {code}"),
    "drop_all": phrase("Choose none"),
    "each_by_rules": phrase("Each to whom the rules choose"),
    "all_to": phrase("Hand all out to"),
    "hand_out": phrase("Hand out {count}"),
    "load": phrase("{count} in hand"),
    "on_duty": phrase("on duty"),
    "off_duty": phrase("not on duty"),
    "metres_off": phrase("{metres} m away"),
    "fits": phrase("the work of {count} of {all}"),
    "fits_all": phrase("the work of all of them"),
    "no_common": phrase("Nobody's work is all of these."),
    "handed_out": phrase("{done} handed out, {refused} refused"),
    "refused": phrase("refused: {reason}"),
    "tell_all": phrase("A note to all"),
    "too_many": phrase("Candidates are shown for up to {most} issues."),
}

_EXPORT: Final = {
    "export": phrase("Take along what is seen"),
    "export_count": phrase("{count} issues in view"),
    "export_chosen": phrase("Only the {count} chosen"),
    "export_geojson": phrase("GeoJSON, for other maps"),
    "export_csv": phrase("CSV table"),
    "export_xlsx": phrase("Excel table"),
    "picture": phrase("Picture of this view"),
    "picture_png": phrase("PNG picture"),
    "picture_svg": phrase("SVG drawing"),
    "picture_pdf": phrase("PDF to print"),
    "taken": phrase("{name} is saved."),
    "refused_export": phrase("It cannot be taken along: {reason}"),
}

_SORTS: Final = {
    "near": phrase("from near"), "far": phrase("from afar"), "reference": phrase("for comparison"),
    "before": phrase("before the work"), "after": phrase("after the work"),
}  # fmt: skip
_VIA: Final = {
    "link": phrase("link"), "phone": phrase("telephone"), "visit": phrase("visit"), "page": phrase("page"),
}  # fmt: skip

DESK: Final[dict[str, Phrase]] = {
    **_CARD, **_GRID, **_ROUNDS, **_THINGS, **_ISSUE, **_LINES, **_ROLES, **_ACTING, **_MANY, **_EXPORT,
    **{f"event_{action}": said for action, said in EVENT_NAMES.items()},
    **{f"stamp_{stamp}": said for stamp, said in STAMP_NAMES.items()},
    **{f"sort_{sort}": _SORTS[sort] for sort in PHOTO_SORTS},
    **{f"via_{via}": _VIA[via] for via in FOLLOWED_BY},
}  # fmt: skip
