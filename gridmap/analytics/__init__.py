"""Statistics on frames: pure, seeded, and leaving what they are given alone."""
