"""The nouns, mapped."""

from gridmap.domain.model.accounts import Account, ApiKey, Receipt, Revision, SignIn
from gridmap.domain.model.analyses import Analysis, AnalysisCell
from gridmap.domain.model.base import Base
from gridmap.domain.model.deliveries import Channel, Delivery
from gridmap.domain.model.drafts import Draft
from gridmap.domain.model.drawings import BuildingShape, Drawing, FacilityShape, GridLabel, GridShape, GridTile
from gridmap.domain.model.evaluation import Entry, PassLine, Period, Score, Weight
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
from gridmap.domain.model.households import Household, Shelter, Visit
from gridmap.domain.model.issues import Category, Decision, Issue, IssueEvent, Reporter
from gridmap.domain.model.patrols import (
    CheckIn,
    Checkpoint,
    FacilityState,
    Inspection,
    InspectionAnswer,
    PatrolPlan,
    Round,
    SubjectItem,
    Sweep,
    SweepBuilding,
)
from gridmap.domain.model.people import Leave, Person, Post
from gridmap.domain.model.places import Allotment, Building, Edition, Facility, Grid, Overlay, Site, Unit
from gridmap.domain.model.residents import Supporter

__all__ = [
    "Account",
    "Alarm",
    "Allotment",
    "Analysis",
    "AnalysisCell",
    "ApiKey",
    "Base",
    "Building",
    "BuildingShape",
    "CalendarDay",
    "Category",
    "Channel",
    "CheckIn",
    "Checkpoint",
    "Deadline",
    "Decision",
    "Deduction",
    "Delivery",
    "Draft",
    "Drawing",
    "Edition",
    "Entry",
    "Escalation",
    "Facility",
    "FacilityShape",
    "FacilityState",
    "FollowLink",
    "FollowUp",
    "Grid",
    "GridLabel",
    "GridShape",
    "GridTile",
    "Household",
    "Inspection",
    "InspectionAnswer",
    "Issue",
    "IssueEvent",
    "Leave",
    "Message",
    "Overlay",
    "PassLine",
    "PatrolPlan",
    "Period",
    "Person",
    "Photo",
    "Position",
    "Post",
    "Receipt",
    "Reporter",
    "Revision",
    "Round",
    "Score",
    "Shelter",
    "Shift",
    "SignIn",
    "Site",
    "SubjectItem",
    "Supporter",
    "Sweep",
    "SweepBuilding",
    "Unit",
    "Visit",
    "WeatherWarning",
    "Weight",
]
