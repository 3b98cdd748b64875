"""How two schemas differ, and bringing both up to date."""
