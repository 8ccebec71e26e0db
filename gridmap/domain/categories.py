"""What issues are about: the categories every site starts with, as data a plan can add to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# The groups that the rules of responsibility speak of.
GROUPS: Final[dict[str, str]] = {
    "fire_safety": "fire protection",
    "smart_systems": "access control, intercom, cameras, alarms, control room",
    "decoration": "decoration of flats",
    "tenants": "tenants",
    "sanitation": "waste removal, pest control, first cleaning",
    "cleaning": "environment and cleaning",
    "greening": "greening",
    "equipment": "equipment and public facilities",
    "defects": "defects the developer left",
    "order": "order and safety",
    "vehicles": "vehicles and e-bikes",
    "neighbours": "neighbours",
    "service": "service and staff",
    "fees": "fees and accounts",
    "outside": "beyond the company's power",
    "other": "everything else",
}


@dataclass(frozen=True)
class CategoryRow:
    """One category as data; `subject` is the inspection subject that can fail into it."""

    code: str
    group: str
    name: str
    specialty: str | None = None
    kind: str = "repair"
    urgency: str = "normal"
    subject: int | None = None
    refer_to: str | None = None


CATEGORIES: Final = (
    CategoryRow("fire_equipment", "fire_safety", "fire equipment", "security", subject=6),
    CategoryRow("fire_lane", "fire_safety", "fire lane or stairs blocked", "security", urgency="urgent", subject=3),
    CategoryRow("fire_door", "fire_safety", "fire door", "security", subject=3),
    CategoryRow("access_control", "smart_systems", "access control or gate", "security"),
    CategoryRow("intercom", "smart_systems", "intercom", "security"),
    CategoryRow("camera", "smart_systems", "camera", "security"),
    CategoryRow("alarm_system", "smart_systems", "alarm system", "security", urgency="urgent"),
    CategoryRow("decoration", "decoration", "decoration against the rules", kind="complaint", subject=4),
    CategoryRow("decoration_noise", "decoration", "decoration noise", kind="complaint", subject=4),
    CategoryRow("tenants", "tenants", "tenants", kind="complaint"),
    CategoryRow("waste_removal", "sanitation", "waste not removed", "cleaning", subject=14),
    CategoryRow("pests", "sanitation", "rats, mosquitoes, flies", "cleaning", subject=14),
    CategoryRow("first_cleaning", "sanitation", "first cleaning", "cleaning"),
    CategoryRow("litter", "cleaning", "litter", "cleaning", subject=12),
    CategoryRow("bin_full", "cleaning", "bin full", "cleaning", subject=12),
    CategoryRow("dirty_interior", "cleaning", "dirty stairs, lobby or lift", "cleaning", subject=11),
    CategoryRow("dirty_car_park", "cleaning", "dirty car park", "cleaning", subject=13),
    CategoryRow("flyposting", "cleaning", "flyposting", "cleaning", subject=2),
    CategoryRow("snow", "cleaning", "snow and ice", "cleaning", urgency="urgent", subject=12),
    CategoryRow("water_feature", "cleaning", "dirty water feature", "cleaning", subject=15),
    CategoryRow("greening", "greening", "trees, lawns and beds", "greening"),
    CategoryRow("fallen_tree", "greening", "fallen tree", "greening", urgency="urgent"),
    CategoryRow("lift", "equipment", "lift", "repair", urgency="urgent", subject=8),
    CategoryRow("water_leak", "equipment", "water leak", "repair", urgency="urgent", subject=7),
    CategoryRow("burst_main", "equipment", "burst main", "repair", urgency="emergency", subject=7),
    CategoryRow("drain", "equipment", "blocked drain", "repair", subject=7),
    CategoryRow("manhole", "equipment", "manhole cover", "repair", urgency="urgent", subject=7),
    CategoryRow("road", "equipment", "road or paving", "repair", subject=7),
    CategoryRow("lamp", "equipment", "lamp", "repair", subject=3),
    CategoryRow("power", "equipment", "power in common parts", "repair", urgency="urgent", subject=6),
    CategoryRow("playground", "equipment", "playground or sports ground", "repair", subject=6),
    CategoryRow("door_window", "equipment", "door or window", "repair", subject=3),
    CategoryRow("sign", "equipment", "sign or plate", "repair", subject=1),
    CategoryRow("facade", "equipment", "façade", "repair", subject=2),
    CategoryRow("roof", "equipment", "roof", "repair", subject=3),
    CategoryRow("defect", "defects", "defect the developer left", "repair"),
    CategoryRow("fire", "fire_safety", "fire", "security", kind="alarm", urgency="life"),
    CategoryRow("lift_trapped", "equipment", "person trapped in a lift", "repair", "alarm", "life", 8),
    CategoryRow("injury", "order", "somebody is hurt", kind="alarm", urgency="life"),
    CategoryRow("group_complaint", "order", "many people complain together", kind="complaint", urgency="emergency"),
    CategoryRow("theft", "order", "theft", kind="alarm", urgency="emergency"),
    CategoryRow("fight", "order", "fight", kind="alarm", urgency="emergency"),
    CategoryRow("suspicious_person", "order", "suspicious person", kind="alarm", urgency="urgent"),
    CategoryRow("fireworks", "order", "fireworks", kind="complaint"),
    CategoryRow("dogs", "order", "dogs", kind="complaint"),
    CategoryRow("parking", "vehicles", "parking", kind="complaint"),
    CategoryRow("e_bike", "vehicles", "e-bike charging or parking", kind="complaint", urgency="urgent"),
    CategoryRow("neighbours", "neighbours", "neighbours' dispute", kind="complaint"),
    CategoryRow("noise", "neighbours", "noise", kind="complaint"),
    CategoryRow("service", "service", "service and staff", kind="complaint"),
    CategoryRow("fees", "fees", "fees", kind="enquiry"),
    CategoryRow("illegal_building", "outside", "illegal building", kind="complaint", refer_to="urban management"),
    CategoryRow("gas", "outside", "smell of gas", kind="alarm", urgency="life", refer_to="gas company"),
    CategoryRow("public_utility", "outside", "public mains outside the site", refer_to="utility company"),
    CategoryRow("other", "other", "something else", kind="enquiry"),
)  # fmt: skip
