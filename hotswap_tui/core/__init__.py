"""Decisions as data: values in, state and effects out. No clock, no I/O, no asyncio, no logging."""
