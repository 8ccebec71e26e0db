"""The settings of the private server, fitted to the machine it runs on."""

from __future__ import annotations

import os
from pathlib import Path

MEGABYTE = 1 << 20
ZONES = Path("/usr/share/zoneinfo")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108


def settings(socket: Path, *, durable: bool) -> dict[str, str | int]:
    """Return what `gridmap.conf` says: no network, fit for bulk loads, and durable or fast."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEGABYTE
    # Debian's PostgreSQL reads the system's time zones, and minimal images have none: only
    # GMT is built in, and with an unknown zone the server refuses to start.
    zone = "UTC" if (ZONES / "UTC").exists() else "GMT"
    chosen: dict[str, str | int] = {
        "listen_addresses": "''",
        "port": 5432,
        "unix_socket_directories": _quoted(f'"{socket}"' if "," in str(socket) else str(socket)),
        "unix_socket_permissions": "0700",
        "max_connections": 60,
        "shared_buffers": f"{max(128, min(memory // 16, 512))}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(64, min(memory // 32, 256))}MB",
        "random_page_cost": "1.1",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "jit": "off",
        "timezone": f"'{zone}'",
        "log_timezone": f"'{zone}'",
        "log_checkpoints": "off",
    }
    if _shared_memory() < 256:
        chosen["max_parallel_workers_per_gather"] = 0
    return chosen | (_DURABLE if durable else _VOLATILE)


_DURABLE: dict[str, str | int] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_VOLATILE: dict[str, str | int] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
}


def _shared_memory() -> int:
    try:
        found = os.statvfs(SHARED_MEMORY)
    except OSError:
        return 0
    return found.f_blocks * found.f_frsize // MEGABYTE


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
