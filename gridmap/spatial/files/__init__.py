"""Files in and files out: guarded readers of every format, and writers that leave nothing half-written."""
