"""How long ninety days of the imaginary estate take to be lived, the whole of it.

    python benchmarks/simulating.py [--days 90] [--seed 7]

Everything is real: reports are routed and handed out, people act on them by the table of steps, rounds are given out,
walked and checked in on, forms filled, limits counted, warned of and climbed, in a private durable PostGIS that is
empty before.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gridmap.simulation import demo, entering, estate
from gridmap.simulation.counting import counts
from gridmap.storage.clones import throw_away

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=int, default=90)
    asked.add_argument("--seed", type=int, default=7)
    options = asked.parse_args()
    since = UNTIL - timedelta(days=options.days)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with throw_away(Path(folder) / "home") as database:
            drawn = estate.estate()
            with database.session() as session:
                demo.furnish(session, since)
            began, used = time.perf_counter(), time.process_time()
            world = entering.enter(database, demo.CODE, drawn, options.seed, since, UNTIL)
            entering.expect_history(world, drawn, UNTIL, options.days)
            world.live(UNTIL)
            seconds, used = time.perf_counter() - began, time.process_time() - used
            with database.session() as session:
                found = counts(session, world.site.id, UNTIL)
    print(
        f"{options.days} days in {seconds:.0f} s ({used:.0f} s of it here, the rest in the database): "
        f"{found['issues']:,} issues, {found['lines of history']:,} lines, {found['check-ins']:,} check-ins, "
        f"{found['messages']:,} messages"
    )


if __name__ == "__main__":
    main()
