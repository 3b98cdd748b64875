-- What the statistics have counted per table since they began, the most written first, and when that was.
SELECT t.schemaname || '.' || t.relname AS name, t.n_tup_ins AS inserted, t.n_tup_upd AS updated, t.n_tup_del AS deleted, r.reset
FROM (
    SELECT COALESCE((SELECT stats_reset FROM pg_catalog.pg_stat_database
                     WHERE datname = pg_catalog.current_database())::pg_catalog.text, '-')
           || ' ' || COALESCE((SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter)::pg_catalog.text, '-') AS reset
) AS r
LEFT JOIN (
    SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del
    FROM pg_catalog.pg_stat_user_tables
    WHERE relname <> 'hotswap_heartbeat' AND n_tup_ins + n_tup_upd + n_tup_del > 0
    ORDER BY n_tup_ins + n_tup_upd + n_tup_del DESC, schemaname, relname
    LIMIT $limit
) AS t ON true
