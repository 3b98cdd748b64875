"""Setting up a gateway and keeping its PgBouncer running."""
