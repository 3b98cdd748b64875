-- What of a way there is on its target: the subscription, and the tables that it knows, with the state of their copy.
SELECT s.oid::pg_catalog.int8, s.subenabled, s.subslotname, s.subpublications, $origin,
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, r.srsubstate)), '[]')
    FROM pg_catalog.pg_subscription_rel AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE r.srsubid = s.oid)
FROM pg_catalog.pg_subscription AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database() AND s.subname = %(subscription)s
