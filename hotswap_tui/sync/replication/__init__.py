"""Setting logical replication up, and taking it down again."""
