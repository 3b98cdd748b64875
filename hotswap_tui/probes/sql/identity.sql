-- Who answers: one row. Runs inside COPY (...) TO STDOUT, in recovery too. The identifier's function may be forbidden or
-- missing, and no expression guards against that, so $identifier becomes NULL for such servers.
-- Whole microseconds, because a server before version 14 prints a double precision with too few digits.
SELECT $identifier,
       (pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8,
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.host(pg_catalog.inet_server_addr()),
       pg_catalog.inet_server_port(),
       pg_catalog.current_database()
