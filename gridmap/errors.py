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


class ConflictError(RefusedError):
    """Somebody else was first, or the same key came with something else."""


class NotSignedInError(GridmapError):
    """Nobody is signed in, or the key is not known."""


class ForbiddenError(GridmapError):
    """Somebody is signed in, but his role does not have that right."""


class TooManyError(GridmapError):
    """Too many requests for now: `retry_after_s` says when the next one is welcome."""

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class FieldError(InputError):
    """One field of what came in is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MoveRefusedError(RefusedError):
    """An issue cannot be moved so from where it stands: says where that is, and what would be allowed."""

    def __init__(self, message: str, issue: str, status: str, version: int, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.issue, self.status, self.version, self.allowed = issue, status, version, allowed
        # The issue as whoever is refused may see it, where somebody has looked.
        self.view: dict[str, object] | None = None
