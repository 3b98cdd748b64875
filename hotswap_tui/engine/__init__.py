"""The runtime: the only place with a clock, tasks and a loop."""
