-- What logical replication does not carry: how many sequences and large objects there are.
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relkind = 'S' AND relpersistence <> 't'),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata)
