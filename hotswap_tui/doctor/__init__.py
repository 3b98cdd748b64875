"""Looks for everything that could keep a failover from working, and says how to mend it; changes nothing."""
