-- How far this server has written, or replayed, and how far its slot or its standby is. Runs inside COPY (...) TO STDOUT.
-- The flushed position, not the inserted one: what is not on the disk yet, no commit was promised for, and no walsender sends.
SELECT $position,
       $arrived,
       (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8,
       (pg_catalog.date_part('epoch', pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::pg_catalog.int8
