-- One row in one round trip, without privileges, in recovery too. Runs inside COPY (...) TO STDOUT.
-- numbackends by database leaves out background processes and costs half of what pg_stat_activity does.
SELECT pg_catalog.current_setting('server_version'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('transaction_read_only'),
       pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()),
       (SELECT pg_catalog.sum(pg_catalog.pg_stat_get_db_numbackends(oid)) FROM pg_catalog.pg_database),
       pg_catalog.current_setting('max_connections')
