-- Who answers, and what this role may ask. One row; runs inside COPY (...) TO STDOUT, in recovery too.
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.pg_is_in_recovery(),
       (pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8,
       d.oid,
       d.datname,
       pg_catalog.host(pg_catalog.inet_server_addr()),
       pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'),
       CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            THEN pg_catalog.current_setting('data_directory') END
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
