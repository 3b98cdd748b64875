"""What the two databases have in common: measured, compared, and brought together."""
