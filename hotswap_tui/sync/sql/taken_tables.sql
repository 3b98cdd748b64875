-- The tables that a subscription keeps up to date.
SELECT n.nspname, c.relname
FROM pg_catalog.pg_subscription_rel r
JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
JOIN pg_catalog.pg_class c ON c.oid = r.srrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.datname = pg_catalog.current_database() AND s.subname = $name AND r.srsubstate = 'r'
