-- Runs inside COPY (...) TO STDOUT. Never beyond this database: where another pooler lies between, the pids are its
-- inventions and may be anybody's. The inner query keeps the planner from asking pg_terminate_backend first.
SELECT pg_catalog.count(*) FILTER (WHERE ended)
FROM (
    SELECT pg_catalog.pg_terminate_backend(pid) AS ended
    FROM (
        SELECT pid
        FROM pg_catalog.pg_stat_activity
        WHERE pid = ANY ('$pids'::pg_catalog.int4[])
          AND datname = pg_catalog.current_database()
          AND pid <> pg_catalog.pg_backend_pid()
        OFFSET 0
    ) AS meant
) AS asked
