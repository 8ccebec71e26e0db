"""One tree of what can go wrong. Each message is one line for a person and says what to do next."""


class GridmapError(Exception):
    """Anything gridmap refuses or cannot do; `str()` of it is fit to be shown."""


class InputError(GridmapError):
    """What came in is wrong: the message names the place (file, row, column, option)."""


class FileRefusedError(InputError):
    """A file that cannot be read, or that would do harm if it were."""


class CoordinateError(InputError):
    """A position that is no place on earth, or not in the system it claims."""


class NotFoundError(GridmapError):
    """There is no such site, grid, person or issue."""


class RefusedError(GridmapError):
    """The rules forbid it; nothing was changed."""


class StoreError(GridmapError):
    """The database is not there, not ours, or not of this version."""
