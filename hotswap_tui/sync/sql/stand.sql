-- Where a server stands now, in one snapshot and without a transaction number of its own. A transaction that has its number and
-- has not ended may lie behind the snapshot's end; who has one is told of every role.
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_current_snapshot(),
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_insert_lsn() END,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END,
       $beats,
       $counter,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL)
           + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts),
       pg_catalog.current_setting('track_commit_timestamp'),
       pg_catalog.current_setting('server_version_num')
