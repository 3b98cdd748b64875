-- What a mark holds beside where the server stands, in one round trip: who it is, where our own write checks are counted, how often its
-- subscriptions have failed, and the statistics.
SELECT $identifier,
       ($own_counter),
       $failures,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(s.name, s.inserted, s.updated, s.deleted, s.reset)) FROM ($written) AS s)
