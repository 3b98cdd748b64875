"""Dump, restore and copy with the servers' own programs."""
