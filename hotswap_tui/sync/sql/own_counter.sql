-- Where the write checks of this program are counted, if that number is to be trusted: a logged table may be replicated, so that
-- another server's number stands in it, and so may one that a subscription fills.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass('hotswap_heartbeat')
  AND NOT pg_catalog.pg_is_in_recovery()
  AND c.relkind = 'r'
  AND c.relpersistence = 'u'
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
  AND (SELECT pg_catalog.count(*)
       FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = c.oid AND a.attname IN ('beats', 'counter') AND NOT a.attisdropped) = 2
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid)
