"""gridmap: the ground run by grids."""

__version__ = "0.1.0"
