-- Behind which place everything lies that is committed here, and a row for each logical slot of this database, at least one.
-- What was committed without waiting for the disk is not in the flushed log yet, hence the place of insertion.
SELECT pg_catalog.pg_is_in_recovery(),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_insert_lsn() END,
       s.slot_name,
       s.confirmed_flush_lsn,
       s.active
FROM (SELECT 1) AS here
LEFT JOIN pg_catalog.pg_replication_slots s ON s.database = pg_catalog.current_database() AND s.slot_type = 'logical'
