-- Where a server stands, in one round trip, in which its sequences are moved as well. Its own transaction writes a message, so that
-- the commit waits for everything in the write-ahead log before it: without that, a crash might lose transaction numbers below the
-- snapshot, and new ones would pass for old. A snapshot is taken before the transaction has its own number, which is therefore told
-- as well. In which table our write checks are counted is found out here, and ts_stat runs the query that reads it, with the same
-- snapshot: it is the one function which does that without libxml and without a language, and its words are what the query gives.
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_current_snapshot(),
       CASE WHEN $still THEN NULL ELSE pg_catalog.set_config('synchronous_commit', 'local', true) END,
       CASE WHEN $still THEN NULL ELSE pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', '') END,
       CASE WHEN $still THEN NULL ELSE pg_catalog.pg_current_xact_id() END,
       ($moves),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_insert_lsn() END,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END,
       (SELECT pg_catalog.json_agg(told.word)
        FROM ($own_counter) AS own (counted_in)
        CROSS JOIN LATERAL pg_catalog.ts_stat(
            'SELECT pg_catalog.array_to_tsvector(ARRAY[pg_catalog.concat(''b'', beats), '
            'pg_catalog.concat(''c'', pg_catalog.left(counter::pg_catalog.text, 200))]) FROM ' || own.counted_in) AS told),
       (SELECT pg_catalog.string_agg(slot_name, ' ')
        FROM pg_catalog.pg_replication_slots
        WHERE slot_type = 'logical' AND database = pg_catalog.current_database()),
       $identifier,
       $failures,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.name, s.inserted, s.updated, s.deleted, s.reset)) FROM ($written) AS s)
