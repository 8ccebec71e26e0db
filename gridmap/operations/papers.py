"""Tables that people print and take along: made once as data, and written as a file or a page of A4."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from gridmap.errors import InputError
from gridmap.language import DEFAULT
from gridmap.spatial.files.exports import write_table

MEDIA: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
FILES: Final = (".html", ".csv", ".xlsx")

_STYLE: Final = """
@page { size: A4 landscape; margin: 14mm 12mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); } }
@page upright { size: A4 portrait; }
body { font: 10.5pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
       color: #111; margin: 0 auto; max-width: 273mm; }
body.upright { page: upright; max-width: 186mm; }
h1 { font-size: 17pt; text-align: center; margin: 8mm 0 4mm; letter-spacing: .06em; }
dl { display: flex; flex-wrap: wrap; gap: 1mm 10mm; margin: 0 0 4mm; } dl div { display: flex; gap: 2mm; }
dt { color: #555; } dt::after { content: ":"; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; } thead { display: table-header-group; } tr { break-inside: avoid; }
th, td { border: .3mm solid #333; padding: 1.2mm 2mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: #eee; print-color-adjust: exact; } td.number { text-align: right; white-space: nowrap; }
body.upright tbody th { width: 34mm; background: #f5f5f5; font-weight: normal; }
footer { display: flex; flex-wrap: wrap; gap: 10mm; margin: 9mm 0 4mm; }
footer span { min-width: 48mm; border-bottom: .2mm solid #333; }
@media screen { body { padding: 8mm; } }
"""


@dataclass(frozen=True)
class Paper:
    """A form: what stands above its table, the table, and the lines that are signed; in the language it is read in.

    One that is `upright` describes one thing: a row is a question and its answer, without a head.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    above: tuple[tuple[str, str], ...] = ()
    signed: tuple[str, ...] = ()
    language: str = DEFAULT
    upright: bool = False
    notes: tuple[str, ...] = ()
    # The table with numbers as numbers, where what is read is something else.
    table: pd.DataFrame | None = field(default=None, compare=False)

    def frame(self) -> pd.DataFrame:
        """The table alone, as a file of columns has it."""
        if self.table is not None:
            return self.table
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return pd.DataFrame(rows, columns=list(self.columns))


def as_json(paper: Paper) -> dict[str, Any]:
    """The paper as data: what stands above, and the rows by their columns."""
    return {
        "title": paper.title,
        "above": [{"name": name, "value": value} for name, value in paper.above],
        "columns": list(paper.columns),
        "rows": [[plain(value) for value in row] for row in paper.rows],
        "notes": list(paper.notes),
    }


def plain(value: Any) -> Any:
    """A value as JSON has it: a frame is its rows, a moment is written out, and a number that is none is null."""
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def written(paper: Paper, kind: str, nonce: str | None = None) -> bytes:
    """The paper as a file of a kind; in CSV and Excel no cell is run as a formula."""
    if kind == "html":
        return html(paper, nonce).encode()
    return table_file(paper.frame(), kind)


def table_file(frame: pd.DataFrame, kind: str) -> bytes:
    """A frame as the bytes of a CSV or Excel file."""
    if kind not in ("csv", "xlsx"):
        raise InputError(f"{kind}: a table is written as csv or xlsx; choose one of them")
    with tempfile.TemporaryDirectory(prefix="gridmap-") as folder:
        path = Path(folder) / f"table.{kind}"
        write_table(frame, path)
        return path.read_bytes()


def html(paper: Paper, nonce: str | None = None) -> str:
    """The paper as a page of its own, which prints on A4; everything in it is escaped."""
    marked = f' nonce="{escape(nonce)}"' if nonce else ""
    shape = ' class="upright"' if paper.upright else ""
    above = "".join(f"<div><dt>{_safe(name)}</dt><dd>{_safe(value)}</dd></div>" for name, value in paper.above)
    signed = "".join(f"<span>{_safe(line)}</span>" for line in paper.signed)
    notes = "".join(f"<p>{_safe(note)}</p>" for note in paper.notes)
    return (
        f'<!doctype html><html lang="{escape(paper.language)}"><head><meta charset="utf-8">'
        f"<title>{_safe(paper.title)}</title><style{marked}>{_STYLE}</style></head><body{shape}>"
        f"<h1>{_safe(paper.title)}</h1><dl>{above}</dl><table>{_head(paper)}<tbody>"
        + "".join(_row(row, upright=paper.upright) for row in paper.rows)
        + f"</tbody></table>{notes}<footer>{signed}</footer></body></html>\n"
    )


def _head(paper: Paper) -> str:
    if paper.upright:
        return ""
    return "<thead><tr>" + "".join(f'<th scope="col">{_safe(name)}</th>' for name in paper.columns) + "</tr></thead>"


def _row(row: Sequence[object], *, upright: bool) -> str:
    cells = list(row)
    first = f'<th scope="row">{_safe(cells.pop(0))}</th>' if upright else ""
    return "<tr>" + first + "".join(_cell(value) for value in cells) + "</tr>"


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<td class="number">{"" if value != value else _safe(f"{value:g}")}</td>'
    return f"<td>{_safe(value)}</td>"


def _safe(value: object) -> str:
    """Text as HTML that stands for itself; lines stay lines."""
    return "" if value is None else escape(str(value)).replace("\n", "<br>")
