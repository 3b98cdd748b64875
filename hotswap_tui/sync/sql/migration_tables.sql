-- One row: whether this database takes part as a subscriber, and which tables of migration tools it publishes. Without privileges.
-- Runs inside COPY (...) TO STDOUT.
SELECT (
        SELECT pg_catalog.count(s.subname) > 0
        FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
        WHERE d.datname = pg_catalog.current_database() AND s.subenabled),
       (
        SELECT pg_catalog.string_agg(DISTINCT t.schemaname || '.' || t.tablename, ', ')
        FROM pg_catalog.pg_publication_tables AS t
        WHERE t.tablename IN (
            '_prisma_migrations', '__drizzle_migrations', 'schema_migrations', 'ar_internal_metadata', 'django_migrations',
            'alembic_version', 'flyway_schema_history', 'databasechangelog', 'knex_migrations', 'SequelizeMeta', 'pgmigrations',
            'goose_db_version', '_sqlx_migrations', '__diesel_schema_migrations', '__EFMigrationsHistory', 'mikro_orm_migrations',
            'kysely_migration', 'atlas_schema_revisions', 'refinery_schema_history', 'doctrine_migration_versions'))
