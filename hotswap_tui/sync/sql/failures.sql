-- How often the subscriptions of this database have failed, and what they have passed over without failing because the row was
-- not there, or was another one (from version 18 on; the columns of older servers are fewer).
SELECT COALESCE(pg_catalog.sum(counted.value::pg_catalog.int8), 0)
FROM pg_catalog.pg_stat_subscription_stats s
JOIN pg_catalog.pg_subscription u ON u.oid = s.subid
JOIN pg_catalog.pg_database d ON d.oid = u.subdbid
CROSS JOIN LATERAL pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(s)) AS counted
WHERE d.datname = pg_catalog.current_database()
  AND counted.key IN ('apply_error_count', 'sync_error_count', 'confl_update_origin_differs', 'confl_update_missing',
                      'confl_delete_origin_differs', 'confl_delete_missing', 'confl_update_deleted')
