"""The compiled part of the statistics: what is drawn a thousand times, or counted for a million points."""
