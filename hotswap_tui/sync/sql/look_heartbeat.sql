-- When the row was written last, and what time it is now. Runs inside COPY (...) TO STDOUT.
SELECT (pg_catalog.date_part('epoch', beat_at) * 1000000)::pg_catalog.int8,
       (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8
FROM $table
