"""The nouns, mapped."""

from gridmap.domain.model.accounts import Account, ApiKey, Receipt, Revision, SignIn
from gridmap.domain.model.base import Base
from gridmap.domain.model.issues import Category, Decision, Issue, IssueEvent, Reporter
from gridmap.domain.model.people import Leave, Person, Post
from gridmap.domain.model.places import Allotment, Building, Edition, Facility, Grid, Overlay, Site, Unit

__all__ = [
    "Account",
    "Allotment",
    "ApiKey",
    "Base",
    "Building",
    "Category",
    "Decision",
    "Edition",
    "Facility",
    "Grid",
    "Issue",
    "IssueEvent",
    "Leave",
    "Overlay",
    "Person",
    "Post",
    "Receipt",
    "Reporter",
    "Revision",
    "SignIn",
    "Site",
    "Unit",
]
