-- How writes may reach this database: whether it is in recovery, and a row for each subscription, at least one.
SELECT pg_catalog.pg_is_in_recovery(),
       s.subname,
       s.subslotname,
       s.subenabled,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate <> 'r')
FROM (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS here
LEFT JOIN pg_catalog.pg_subscription s ON s.subdbid = here.oid
