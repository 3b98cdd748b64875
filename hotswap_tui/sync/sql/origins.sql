-- Under which numbers the subscriptions of these names note what they apply.
SELECT o.roident
FROM pg_catalog.pg_replication_origin o
JOIN pg_catalog.pg_subscription s ON o.roname = 'pg_' || s.oid
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
  AND s.subname = ANY (ARRAY[$names]::pg_catalog.text[])
