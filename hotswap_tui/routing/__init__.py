"""Moving client traffic: the router protocol and its implementations."""
