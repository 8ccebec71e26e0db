"""Symbols as inline SVG: the same on the map, in the legend, in the list and in a card."""

from __future__ import annotations

from typing import Final

from gridmap.maps.style import ATTENTIONS, FACILITY_STATES, OVERLAYS, TIERS

_HALO: Final = 'stroke="#fff" stroke-width="2" stroke-linejoin="round"'
_MARK: Final = 'stroke="#fff" fill="none" stroke-linecap="round" stroke-linejoin="round"'

# shape: its body, and the white mark on it
_SHAPES: Final = {
    "triangle": (f'<path d="M12 2.6 22 20.6H2z" {_HALO}/>', ("M12 10v4.4M12 17.4v.2", 2.4)),
    "diamond": (f'<path d="M12 1.6 22.4 12 12 22.4 1.6 12z" {_HALO}/>', ("M12 7.2v5.4M12 16.2v.2", 2.4)),
    "circle": (f'<circle cx="12" cy="12" r="8.6" {_HALO}/>', None),
    "clock": (f'<circle cx="12" cy="12" r="8.6" {_HALO}/>', ("M12 7v5l3.4 2", 2)),
    "square": (
        f'<rect x="3.6" y="3.6" width="16.8" height="16.8" rx="4.4" {_HALO}/>',
        ("M8 12.4l2.8 2.8L16.4 9.4", 2.2),
    ),
}

# kind of facility: strokes on a plate of 16; a kind that has none is a dot
_GLYPHS: Final = {
    "lift": "M5.5 7 8 4.4 10.5 7M5.5 9.2 8 11.8 10.5 9.2",
    "pump_room": "M8 4.2c2 2.4 2.9 3.6 2.9 4.9a2.9 2.9 0 0 1-5.8 0c0-1.3.9-2.5 2.9-4.9z",
    "pump": "M8 4.2c2 2.4 2.9 3.6 2.9 4.9a2.9 2.9 0 0 1-5.8 0c0-1.3.9-2.5 2.9-4.9z",
    "hydrant": "M6.2 12V6.6a1.8 1.8 0 0 1 3.6 0V12M5 12h6M4.8 8.6h6.4",
    "manhole": "M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8zM5.6 8h4.8",
    "lamp": "M8 4.2a2.5 2.5 0 0 1 1.3 4.7v1h-2.6v-1A2.5 2.5 0 0 1 8 4.2zM7 11.8h2",
    "gate": "M4.6 11.8V5.4M11.4 11.8V5.4M4.6 7h6.8M8 7v4.8",
    "camera": "M4.4 6h5v4h-5zM9.4 7.4l2.4-1.2v3.6L9.4 8.6",
    "bin": "M5 6h6M6 6l.5 5.8h3L10 6M7 4.6h2",
    "playground": "M4.6 11.8 8 4.4l3.4 7.4M6 9h4",
    "waste_station": "M5 6h6M6 6l.5 5.8h3L10 6M7 4.6h2",
    "car_park": "M6.2 12V4.6h2.3a2.1 2.1 0 0 1 0 4.3H6.2",
    "charging": "M8.8 4.2 6 8.6h2.2L7.2 12 10.2 7.4H8z",
    "power_room": "M8.8 4.2 6 8.6h2.2L7.2 12 10.2 7.4H8z",
    "shelter": "M4.4 8.2 8 4.6l3.6 3.6M5.6 7.6v4h4.8v-4",
}


def attention_symbol(name: str) -> str:
    """The symbol of what an issue asks for."""
    attention = ATTENTIONS[name]
    body, mark = _SHAPES[attention.shape]
    line = f'<path d="{mark[0]}" stroke-width="{mark[1]}" {_MARK}/>' if mark else ""
    # The class lets a page colour it by its theme; on paper the colour stands.
    filled = f'<g class="gm-of-{name}" fill="{attention.colour}">{body}</g>'
    return f'<svg viewBox="0 0 24 24" aria-hidden="true">{filled}{line}</svg>'


def facility_symbol(kind: str, state: str) -> str:
    """A plate whose colour says the state, and its strokes the kind."""
    colour = FACILITY_STATES.get(state, FACILITY_STATES["in_order"])[0]
    glyph = _GLYPHS.get(kind)
    dot = '<circle cx="8" cy="8" r="2" fill="#fff"/>'
    inner = f'<path d="{glyph}" stroke-width="1.3" {_MARK}/>' if glyph else dot
    crossed = '<path d="M2 14 14 2" stroke="#fff" stroke-width="1.6"/>' if state == "closed" else ""
    plate = (
        f'<rect x=".75" y=".75" width="14.5" height="14.5" rx="4" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
    )
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{plate}{inner}{crossed}</svg>'


def facility_symbols() -> dict[str, dict[str, str]]:
    """Every plate by kind and state; the kind that is empty stands for all others."""
    return {kind: {state: facility_symbol(kind, state) for state in FACILITY_STATES} for kind in (*_GLYPHS, "")}


def _swatch(inner: str) -> str:
    return f'<svg viewBox="0 0 26 18" aria-hidden="true">{inner}</svg>'


def tier_swatch(tier: int) -> str:
    """A tier's line, as the legend shows it."""
    line = TIERS[tier]
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    weight = max(line.weight + 0.4, 1.3)
    return _swatch(f'<path class="gm-line-{tier}" d="M1 9h24" stroke="{line.colour}" stroke-width="{weight}"{dash}/>')


SWATCHES: Final = {
    "buildings": _swatch(
        '<rect class="gm-house" x="4" y="3" width="18" height="12" rx="1.5" fill="#d3dce7" stroke="#9dabbd"/>'
    ),
    "facilities": _swatch(
        f'<rect x="7" y="3" width="12" height="12" rx="3.5" fill="{FACILITY_STATES["in_order"][0]}"/>'
        '<circle cx="13" cy="9" r="2" fill="#fff"/>'
    ),
    "overlays": _swatch(
        f'<rect x="4" y="3" width="18" height="12" rx="2" fill="{OVERLAYS["keeper"][0]}" fill-opacity=".12" '
        f'stroke="{OVERLAYS["keeper"][0]}" stroke-dasharray="4 2"/>'
    ),
    "issues": _swatch(f'<path class="gm-of-overdue" d="M13 2 21 15H5z" fill="{ATTENTIONS["overdue"].colour}"/>'),
    "heat": _swatch(
        '<circle cx="13" cy="9" r="8.5" fill="#fde68a"/><circle cx="13" cy="9" r="5.5" fill="#f97316"/>'
        '<circle cx="13" cy="9" r="2.4" fill="#b91c1c"/>'
    ),
    "load": _swatch(
        '<rect class="gm-of-load-1" x="3" y="3" width="10" height="12" fill="#cfe0f5"/>'
        '<path class="gm-of-load-3" fill="#6396d6" d="M13 3h10v12H13z"/>'
    ),
}
