"""Indicators: each a small function from a frame of facts to what is due and what of it counts."""
