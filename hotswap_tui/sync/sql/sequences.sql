-- The sequences of this database and the columns that take their values from them: a row for each such pair. Runs in recovery,
-- too, where the sequences that a crash empties cannot be asked. The last value is NULL for a sequence that has given none yet
-- and for one that this role may not read; where the former starts, it tells itself. A column's highest key is asked for only
-- where an index or a small table gives it. Both are read by queries that are made here and run by ts_stat, whose words are what
-- they give: everything in one round trip, without libxml and without a language. LIMIT tells the planner that it is one word, not ten
-- thousand, for which it would compile the query where that is on (jit).
SELECT c.oid,
       n.nspname,
       c.relname,
       CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT')
            THEN pg_catalog.pg_sequence_last_value(c.oid) END,
       s.seqstart,
       s.seqincrement,
       s.seqmin,
       s.seqmax,
       s.seqcycle,
       pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT'),
       pg_catalog.has_sequence_privilege(c.oid, 'UPDATE'),
       CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                 AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                 AND pg_catalog.pg_sequence_last_value(c.oid) IS NULL
            THEN (SELECT told.word
                  FROM pg_catalog.ts_stat(pg_catalog.format(
                      'SELECT pg_catalog.array_to_tsvector(ARRAY[pg_catalog.concat(last_value, '' '', is_called)]) FROM %I.%I',
                      n.nspname, c.relname)) AS told LIMIT 1) END,
       tn.nspname,
       t.relname,
       a.attname,
       u.owned,
       k.quick,
       pg_catalog.has_column_privilege(t.oid, a.attnum, 'INSERT'),
       CASE WHEN $keys AND k.quick
            THEN (SELECT told.word
                  FROM pg_catalog.ts_stat(pg_catalog.format(
                      'SELECT pg_catalog.array_to_tsvector(ARRAY[pg_catalog.%1$$s(%2$$I)::pg_catalog.text]) FROM %3$$I.%4$$I HAVING pg_catalog.%1$$s(%2$$I) IS NOT NULL',
                      CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END, a.attname, tn.nspname, t.relname)) AS told LIMIT 1) END
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT used.relid, used.attnum, pg_catalog.bool_or(used.owned) AS owned
    FROM (SELECT d.refobjid AS relid, d.refobjsubid AS attnum, true AS owned
          FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
          UNION ALL
          SELECT f.adrelid, f.adnum, false
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
          WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid) AS used
    GROUP BY used.relid, used.attnum) AS u ON true
LEFT JOIN pg_catalog.pg_class t ON t.oid = u.relid
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = u.relid AND a.attnum = u.attnum
LEFT JOIN LATERAL (
    SELECT a.atttypid IN (20, 21, 23)
           AND t.relkind IN ('r', 'p')
           AND pg_catalog.has_schema_privilege(tn.oid, 'USAGE')
           AND pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT')
           AND (EXISTS (SELECT FROM pg_catalog.pg_index i
                        WHERE i.indrelid = t.oid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL)
                OR CASE WHEN t.relkind = 'r' THEN pg_catalog.pg_relation_size(t.oid) <= 8388608 ELSE false END) AS quick
) AS k ON true
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND (c.relpersistence = 'p' OR (c.relpersistence = 'u' AND NOT pg_catalog.pg_is_in_recovery()))
ORDER BY n.nspname, c.relname, tn.nspname, t.relname, a.attname
