"""Runs `gridmap` for a page of the docs that says what time it is: its clock stands in a file.

What a service does by itself it does not do here: the page shows it by `gridmap tick`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import gridmap.cli.screen

CLOCK = "PAGE_CLOCK"
NEVER_S = 36_000.0


def now() -> datetime:
    """The moment of the page."""
    return datetime.fromisoformat(Path(os.environ[CLOCK]).read_text(encoding="ascii"))


def run() -> None:
    """A command of gridmap, by the clock of the page."""
    real = gridmap.cli.screen.now
    # Who has taken it by its name already is to go by the page's as well.
    for module in list(sys.modules.values()):
        if getattr(module, "now", None) is real:
            vars(module)["now"] = now
    if sys.argv[1:2] == ["serve"]:
        import api.office
        import api.ticking

        api.office.utc_now = now
        api.ticking.CLOCK_EVERY_S = api.ticking.POST_EVERY_S = NEVER_S
    from gridmap.cli import main

    main()


if __name__ == "__main__":
    run()
