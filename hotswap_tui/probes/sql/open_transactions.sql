-- The transactions that some server processes have open, the oldest first. Of a process whose activity is hidden from this
-- role nothing but the pid is known (state is null); it may have one. Runs inside COPY (...) TO STDOUT.
SELECT pid,
       application_name,
       state,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - xact_start)
FROM pg_catalog.pg_stat_activity
WHERE pid = ANY ('$pids'::pg_catalog.int4[])
  AND (xact_start IS NOT NULL OR state IS NULL)
ORDER BY xact_start NULLS LAST
