-- The subscriptions of this database: their number, what they are called, their slot at the publisher, whether they are enabled and work, the
-- publications, and of how many tables the first copy is not complete. The column with the connection string is not readable.
SELECT s.oid,
       s.subname,
       s.subslotname,
       s.subenabled,
       EXISTS (SELECT FROM pg_catalog.pg_stat_subscription w
               WHERE w.subid = s.oid AND w.pid IS NOT NULL AND w.relid IS NULL),
       pg_catalog.array_to_json(s.subpublications),
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription_rel r
        WHERE r.srsubid = s.oid AND r.srsubstate <> 'r')
FROM pg_catalog.pg_subscription s
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
ORDER BY s.subname
