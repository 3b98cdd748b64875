-- How far the subscriptions here have come. The worker takes a message of its source's place only after everything before it has
-- been applied, and this place is seen at once; the slot's confirmation waits for the disk (two rounds of wal_writer_delay).
SELECT s.subname, pg_catalog.max(s.latest_end_lsn)
FROM pg_catalog.pg_stat_subscription s
WHERE s.relid IS NULL
GROUP BY s.subname
