"""The nouns, mapped."""

from gridmap.domain.model.accounts import Account, ApiKey, Receipt, Revision, SignIn
from gridmap.domain.model.base import Base
from gridmap.domain.model.handling import (
    Alarm,
    CalendarDay,
    Deadline,
    Deduction,
    Escalation,
    FollowLink,
    FollowUp,
    Message,
    Photo,
    Position,
    Shift,
    WeatherWarning,
)
from gridmap.domain.model.issues import Category, Decision, Issue, IssueEvent, Reporter
from gridmap.domain.model.people import Leave, Person, Post
from gridmap.domain.model.places import Allotment, Building, Edition, Facility, Grid, Overlay, Site, Unit

__all__ = [
    "Account",
    "Alarm",
    "Allotment",
    "ApiKey",
    "Base",
    "Building",
    "CalendarDay",
    "Category",
    "Deadline",
    "Decision",
    "Deduction",
    "Edition",
    "Escalation",
    "Facility",
    "FollowLink",
    "FollowUp",
    "Grid",
    "Issue",
    "IssueEvent",
    "Leave",
    "Message",
    "Overlay",
    "Person",
    "Photo",
    "Position",
    "Post",
    "Receipt",
    "Reporter",
    "Revision",
    "Shift",
    "SignIn",
    "Site",
    "Unit",
    "WeatherWarning",
]
