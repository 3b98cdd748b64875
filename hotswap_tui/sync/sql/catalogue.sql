-- One row for each object of the schema: kind, schema, relation it hangs on, name, signature, definition, and then, as keys of this
-- server alone, who it is, what it belongs to and which object of a parent table it follows. One statement for PostgreSQL 13 to 18,
-- without privileges, in recovery too. Runs inside COPY (...) TO STDOUT.
-- What a role's or a database's settings do to deparsed text is neutralised for this transaction, as pg_dump does for its own. No
-- backslash stands here: such a setting may make it an escape.
-- Columns that not every version has are read through to_jsonb.
WITH settled AS MATERIALIZED (
    SELECT pg_catalog.set_config('search_path', '', true)
        || pg_catalog.set_config('quote_all_identifiers', 'off', true)
        || pg_catalog.set_config('standard_conforming_strings', 'on', true)
        || pg_catalog.set_config('TimeZone', 'UTC', true)
        || pg_catalog.set_config('DateStyle', 'ISO, YMD', true)
        || pg_catalog.set_config('IntervalStyle', 'postgres', true)
        || pg_catalog.set_config('bytea_output', 'hex', true)
        || pg_catalog.set_config('lc_monetary', 'C', true)
        || pg_catalog.set_config('extra_float_digits', '3', true) AS done
),
member AS MATERIALIZED (
    SELECT classid, objid
    FROM pg_catalog.pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
),
space AS MATERIALIZED (
    SELECT n.oid, n.nspname, n.nspowner
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND (SELECT done FROM settled) IS NOT NULL
),
relation AS MATERIALIZED (
    SELECT c.*, s.nspname
    FROM pg_catalog.pg_class AS c
    JOIN space AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
      AND c.relpersistence <> 't'
      AND c.relname NOT IN ('hotswap_heartbeat', 'hotswap_heartbeat_pkey')
      AND NOT EXISTS (
          SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
),
parent AS MATERIALIZED (
    SELECT i.inhrelid AS oid,
           pg_catalog.min(i.inhparent::pg_catalog.int8) AS first,
           pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY i.inhseqno) AS names
    FROM pg_catalog.pg_inherits AS i
    WHERE (SELECT done FROM settled) IS NOT NULL
    GROUP BY i.inhrelid
),
object (kind, schema, relation, name, signature, definition, id, owner, follows) AS (
    SELECT 'server', NULL, NULL, 'major version', NULL,
           (pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000)::pg_catalog.text,
           NULL, NULL, NULL

    UNION ALL
    SELECT 'schema', NULL, NULL, s.nspname::pg_catalog.text, NULL, 'schema',
           'n' || s.oid,
           CASE WHEN pg_catalog.pg_get_userbyid(s.nspowner) = CURRENT_USER THEN 'login' END,
           NULL
    FROM space AS s
    WHERE NOT EXISTS (
        SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = s.oid)

    UNION ALL
    SELECT CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END,
           c.nspname, NULL, c.relname, NULL,
           pg_catalog.concat_ws(
               ', ',
               CASE c.relpersistence WHEN 'u' THEN 'unlogged ' ELSE '' END
                   || CASE c.relkind
                       WHEN 'f' THEN 'foreign table of server ' || pg_catalog.quote_ident(f.srvname)
                       WHEN 'p' THEN 'table partitioned by ' || pg_catalog.pg_get_partkeydef(c.oid)
                       ELSE 'table'
                   END,
               f.remote,
               CASE WHEN c.reloftype <> 0 THEN 'of ' || pg_catalog.format_type(c.reloftype, NULL) END,
               CASE WHEN c.relispartition
                   THEN 'partition of ' || p.names || ' ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid)
                   ELSE 'inherits ' || p.names
               END,
               CASE c.relreplident
                   WHEN 'n' THEN CASE c.relkind WHEN 'f' THEN NULL ELSE 'replica identity nothing' END
                   WHEN 'f' THEN 'replica identity full'
                   WHEN 'i' THEN 'replica identity using index ' || (
                       SELECT pg_catalog.quote_ident(k.relname)
                       FROM pg_catalog.pg_index AS i
                       JOIN pg_catalog.pg_class AS k ON k.oid = i.indexrelid
                       WHERE i.indrelid = c.oid AND i.indisreplident)
               END,
               CASE WHEN c.relrowsecurity THEN 'row security' END,
               CASE WHEN c.relforcerowsecurity THEN 'row security forced' END),
           'c' || c.oid, 'n' || c.relnamespace, NULL
    FROM relation AS c
    LEFT JOIN parent AS p ON p.oid = c.oid
    LEFT JOIN (
        SELECT t.ftrelid, s.srvname,
               (SELECT 'options ' || pg_catalog.string_agg(o.one, ', ' ORDER BY o.one COLLATE pg_catalog."C")
                FROM pg_catalog.unnest(t.ftoptions) AS o (one)
                WHERE o.one ~ '^(schema_name|table_name)=') AS remote
        FROM pg_catalog.pg_foreign_table AS t
        JOIN pg_catalog.pg_foreign_server AS s ON s.oid = t.ftserver
    ) AS f ON f.ftrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'f')

    UNION ALL
    SELECT 'column', c.nspname, c.relname, a.attname, NULL,
           pg_catalog.format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attcollation <> t.typcollation
                   THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation::pg_catalog.text ELSE '' END
               || CASE a.attgenerated
                   WHEN '' THEN COALESCE(' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
                   ELSE ' GENERATED ALWAYS AS (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                       || CASE a.attgenerated WHEN 's' THEN ') STORED' ELSE ') VIRTUAL' END
               END
               || CASE a.attidentity
                   WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                   WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
               || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || CASE WHEN u.conrelid IS NOT NULL THEN ' NOT VALID' ELSE '' END,
           'a' || c.oid || '.' || a.attnum, 'c' || c.oid, 'a' || q.attrelid || '.' || q.attnum
    FROM relation AS c
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN parent AS p ON p.oid = c.oid
    LEFT JOIN pg_catalog.pg_attribute AS q
        ON q.attrelid = p.first AND q.attname = a.attname AND q.attnum > 0 AND NOT q.attisdropped
    LEFT JOIN pg_catalog.pg_constraint AS u
        ON u.conrelid = c.oid AND u.contype = 'n' AND NOT u.convalidated AND u.conkey = ARRAY[a.attnum]
    WHERE c.relkind IN ('r', 'p', 'f') OR (c.relkind IN ('v', 'm') AND a.atthasdef)

    UNION ALL
    SELECT 'constraint', c.nspname, c.relname, k.conname, NULL,
           pg_catalog.pg_get_constraintdef(k.oid),
           'k' || k.oid, 'c' || c.oid, 'k' || q.oid
    FROM relation AS c
    JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
    LEFT JOIN parent AS p ON p.oid = c.oid
    LEFT JOIN pg_catalog.pg_constraint AS q
        ON q.conrelid = p.first AND q.conname = k.conname AND q.contype = 'c' AND k.contype = 'c'
    WHERE k.conparentid = 0 AND c.relkind IN ('r', 'p', 'f')

    UNION ALL
    SELECT 'index', c.nspname, NULL, c.relname, NULL,
           pg_catalog.pg_get_indexdef(c.oid)
               || COALESCE(', partition of ' || p.names, '')
               || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END,
           'c' || c.oid, 'c' || i.indrelid, 'c' || p.first
    FROM relation AS c
    JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
    JOIN relation AS r ON r.oid = i.indrelid
    LEFT JOIN parent AS p ON p.oid = c.oid
    WHERE c.relkind IN ('i', 'I')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))

    UNION ALL
    SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END,
           c.nspname, NULL, c.relname, NULL,
           pg_catalog.btrim(pg_catalog.pg_get_viewdef(c.oid), ' ;')
               || COALESCE(
                   ' WITH (' || (
                       SELECT pg_catalog.string_agg(o.one, ', ' ORDER BY o.one COLLATE pg_catalog."C")
                       FROM pg_catalog.unnest(c.reloptions) AS o (one)
                       WHERE c.relkind = 'v') || ')',
                   ''),
           'c' || c.oid, 'n' || c.relnamespace, NULL
    FROM relation AS c
    WHERE c.relkind IN ('v', 'm')

    UNION ALL
    SELECT 'sequence', c.nspname, NULL, c.relname, NULL,
           CASE c.relpersistence WHEN 'u' THEN 'unlogged ' ELSE '' END
               || pg_catalog.format_type(s.seqtypid, NULL)
               || ' INCREMENT ' || s.seqincrement || ' MINVALUE ' || s.seqmin || ' MAXVALUE ' || s.seqmax
               || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END,
           'c' || c.oid, COALESCE('a' || d.refobjid || '.' || d.refobjsubid, 'n' || c.relnamespace), NULL
    FROM relation AS c
    JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
    LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0

    UNION ALL
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           s.nspname, NULL, f.proname,
           '(' || COALESCE(
               (SELECT pg_catalog.string_agg(pg_catalog.format_type(v.type, NULL), ', ' ORDER BY v.place)
                FROM pg_catalog.unnest(f.proargtypes) WITH ORDINALITY AS v (type, place)), '') || ')',
           pg_catalog.concat_ws(
               ' ',
               '(' || CASE f.prokind
                   WHEN 'p' THEN pg_catalog.regexp_replace(
                       pg_catalog.pg_get_function_arguments(f.oid), '(^|, )IN ', pg_catalog.chr(92) || '1', 'g')
                   ELSE pg_catalog.pg_get_function_arguments(f.oid) END || ')',
               'RETURNS ' || pg_catalog.pg_get_function_result(f.oid),
               CASE WHEN f.prokind <> 'a' THEN 'LANGUAGE ' || l.lanname END,
               CASE f.prokind WHEN 'w' THEN 'WINDOW' END,
               CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
               CASE WHEN f.proisstrict THEN 'STRICT' END,
               CASE WHEN f.prosecdef THEN 'SECURITY DEFINER' END,
               CASE WHEN f.proleakproof THEN 'LEAKPROOF' END,
               CASE f.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' END,
               'COST ' || f.procost,
               CASE WHEN f.proretset THEN 'ROWS ' || f.prorows END,
               CASE WHEN f.prosupport <> 0 THEN 'SUPPORT ' || f.prosupport::pg_catalog.text END,
               CASE WHEN f.protrftypes IS NOT NULL THEN 'TRANSFORM ' || (
                   SELECT pg_catalog.string_agg(pg_catalog.format_type(v.type, NULL), ', ' ORDER BY v.place)
                   FROM pg_catalog.unnest(f.protrftypes) WITH ORDINALITY AS v (type, place)) END,
               'SET ' || pg_catalog.array_to_string(f.proconfig, ', '),
               CASE WHEN f.prokind = 'a' THEN pg_catalog.concat_ws(
                   ', ',
                   'sfunc ' || g.aggtransfn::pg_catalog.text,
                   'stype ' || pg_catalog.format_type(g.aggtranstype, NULL),
                   'sspace ' || NULLIF(g.aggtransspace, 0),
                   'finalfunc ' || NULLIF(g.aggfinalfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   CASE WHEN g.aggfinalextra THEN 'finalfunc_extra' END,
                   'finalfunc_modify ' || g.aggfinalmodify::pg_catalog.text,
                   'combinefunc ' || NULLIF(g.aggcombinefn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'serialfunc ' || NULLIF(g.aggserialfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'deserialfunc ' || NULLIF(g.aggdeserialfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'initcond ' || pg_catalog.quote_literal(g.agginitval),
                   'msfunc ' || NULLIF(g.aggmtransfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'minvfunc ' || NULLIF(g.aggminvtransfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'mstype ' || CASE WHEN g.aggmtranstype <> 0 THEN pg_catalog.format_type(g.aggmtranstype, NULL) END,
                   'mfinalfunc ' || NULLIF(g.aggmfinalfn::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                   'minitcond ' || pg_catalog.quote_literal(g.aggminitval),
                   'sortop ' || NULLIF(g.aggsortop, 0)::pg_catalog.regoper::pg_catalog.text,
                   CASE g.aggkind WHEN 'h' THEN 'hypothetical' WHEN 'o' THEN 'ordered set' END) END,
               CASE
                   WHEN f.prokind = 'a' THEN NULL
                   WHEN pg_catalog.to_jsonb(f) ->> 'prosqlbody' IS NOT NULL THEN pg_catalog.regexp_replace(
                       pg_catalog.pg_get_functiondef(f.oid),
                       '^.*?' || pg_catalog.chr(10) || '(?=BEGIN ATOMIC|RETURN )', '')
                   ELSE 'AS ' || COALESCE(pg_catalog.quote_literal(f.probin) || ', ', '')
                       || pg_catalog.quote_literal(f.prosrc)
               END),
           'p' || f.oid, 'n' || f.pronamespace, NULL
    FROM pg_catalog.pg_proc AS f
    JOIN space AS s ON s.oid = f.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
    LEFT JOIN pg_catalog.pg_aggregate AS g ON g.aggfnoid = f.oid
    WHERE NOT EXISTS (
            SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = f.oid)
      AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.oid AND d.deptype = 'i')

    UNION ALL
    SELECT 'trigger', c.nspname, c.relname, g.tgname, NULL,
           pg_catalog.pg_get_triggerdef(g.oid)
               || CASE g.tgenabled
                   WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' ENABLED ON REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS'
                   ELSE '' END,
           'g' || g.oid, 'c' || c.oid, NULL
    FROM relation AS c
    JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid
    LEFT JOIN pg_catalog.pg_trigger AS q ON q.oid = g.tgparentid
    WHERE (NOT g.tgisinternal AND q.oid IS NULL)
       OR (g.tgenabled <> q.tgenabled AND (NOT q.tgisinternal OR q.tgparentid <> 0))

    UNION ALL
    SELECT 'rule', c.nspname, c.relname, w.rulename, NULL,
           pg_catalog.btrim(pg_catalog.pg_get_ruledef(w.oid), ' ;')
               || CASE w.ev_enabled
                   WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' ENABLED ON REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS'
                   ELSE '' END,
           'w' || w.oid, 'c' || c.oid, NULL
    FROM relation AS c
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'

    UNION ALL
    SELECT 'policy', c.nspname, c.relname, y.polname, NULL,
           pg_catalog.concat_ws(
               ' ',
               CASE WHEN y.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
               'FOR ' || CASE y.polcmd
                   WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                   ELSE 'ALL' END,
               'TO ' || (
                   SELECT pg_catalog.string_agg(
                       CASE r.one WHEN 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r.one)::pg_catalog.text END,
                       ', ' ORDER BY pg_catalog.pg_get_userbyid(r.one) COLLATE pg_catalog."C")
                   FROM pg_catalog.unnest(y.polroles) AS r (one)),
               'USING (' || pg_catalog.pg_get_expr(y.polqual, y.polrelid) || ')',
               'WITH CHECK (' || pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid) || ')'),
           'y' || y.oid, 'c' || c.oid, NULL
    FROM relation AS c
    JOIN pg_catalog.pg_policy AS y ON y.polrelid = c.oid

    UNION ALL
    SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END,
           s.nspname, NULL, t.typname, NULL,
           CASE t.typtype
               WHEN 'e' THEN 'ENUM (' || COALESCE(
                   (SELECT pg_catalog.string_agg(
                        pg_catalog.quote_literal(e.enumlabel::pg_catalog.text), ', ' ORDER BY e.enumsortorder)
                    FROM pg_catalog.pg_enum AS e
                    WHERE e.enumtypid = t.oid), '') || ')'
               WHEN 'd' THEN pg_catalog.concat_ws(
                   ' ',
                   pg_catalog.format_type(t.typbasetype, t.typtypmod),
                   CASE WHEN t.typcollation <> b.typcollation
                       THEN 'COLLATE ' || t.typcollation::pg_catalog.regcollation::pg_catalog.text END,
                   'DEFAULT ' || t.typdefault,
                   CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                   (SELECT pg_catalog.string_agg(
                        'CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' '
                            || pg_catalog.pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
                    FROM pg_catalog.pg_constraint AS k
                    WHERE k.contypid = t.oid AND k.contype = 'c'))
               WHEN 'r' THEN (
                   SELECT pg_catalog.concat_ws(
                       ', ',
                       'RANGE (subtype ' || pg_catalog.format_type(g.rngsubtype, NULL),
                       'operator class ' || pg_catalog.quote_ident(o.opcname),
                       'collation ' || NULLIF(g.rngcollation, 0)::pg_catalog.regcollation::pg_catalog.text,
                       'canonical ' || NULLIF(g.rngcanonical::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text,
                       'difference ' || NULLIF(g.rngsubdiff::pg_catalog.oid, 0)::pg_catalog.regproc::pg_catalog.text)
                       || ')'
                   FROM pg_catalog.pg_range AS g
                   JOIN pg_catalog.pg_opclass AS o ON o.oid = g.rngsubopc
                   WHERE g.rngtypid = t.oid)
               ELSE '(' || COALESCE(
                   (SELECT pg_catalog.string_agg(
                        pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
                            || CASE WHEN a.attcollation <> e.typcollation
                                THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation::pg_catalog.text
                                ELSE '' END,
                        ', ' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute AS a
                    JOIN pg_catalog.pg_type AS e ON e.oid = a.atttypid
                    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')'
           END,
           't' || t.oid, 'n' || t.typnamespace, NULL
    FROM pg_catalog.pg_type AS t
    JOIN space AS s ON s.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
    WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
      AND NOT EXISTS (
          SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)

    UNION ALL
    SELECT 'collation', s.nspname, NULL, l.collname, NULL,
           pg_catalog.concat_ws(
               ', ',
               'provider ' || CASE l.collprovider
                   WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' ELSE 'default' END,
               'locale ' || COALESCE(
                   pg_catalog.to_jsonb(l) ->> 'colllocale',
                   pg_catalog.to_jsonb(l) ->> 'colliculocale',
                   pg_catalog.to_jsonb(l) ->> 'collcollate'),
               'rules ' || (pg_catalog.to_jsonb(l) ->> 'collicurules'),
               CASE WHEN NOT l.collisdeterministic THEN 'not deterministic' END),
           'l' || l.oid, 'n' || l.collnamespace, NULL
    FROM pg_catalog.pg_collation AS l
    JOIN space AS s ON s.oid = l.collnamespace
    WHERE NOT EXISTS (
        SELECT FROM member AS m WHERE m.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass AND m.objid = l.oid)

    UNION ALL
    SELECT 'statistics', s.nspname, NULL, x.stxname, NULL,
           pg_catalog.pg_get_statisticsobjdef(x.oid),
           's' || x.oid, 'c' || c.oid, NULL
    FROM pg_catalog.pg_statistic_ext AS x
    JOIN space AS s ON s.oid = x.stxnamespace
    JOIN relation AS c ON c.oid = x.stxrelid

    UNION ALL
    SELECT 'extension', NULL, NULL, x.extname, NULL, x.extversion, 'x' || x.oid, NULL, NULL
    FROM pg_catalog.pg_extension AS x
)
SELECT kind, schema, relation, name, signature, definition, id, owner, follows
FROM object
WHERE (SELECT done FROM settled) IS NOT NULL
