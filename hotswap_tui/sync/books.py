"""Tables in which migration tools note what they have done to a schema: each database keeps its own."""

from __future__ import annotations

from typing import Final

MIGRATION_BOOKS: Final = frozenset(
    {
        "_prisma_migrations",
        "__drizzle_migrations",
        "schema_migrations",
        "ar_internal_metadata",
        "django_migrations",
        "alembic_version",
        "flyway_schema_history",
        "databasechangelog",
        "databasechangeloglock",
        "knex_migrations",
        "knex_migrations_lock",
        "SequelizeMeta",
        "pgmigrations",
        "goose_db_version",
        "_sqlx_migrations",
        "__diesel_schema_migrations",
        "__EFMigrationsHistory",
        "mikro_orm_migrations",
        "kysely_migration",
        "kysely_migration_lock",
        "gorp_migrations",
        "bun_migrations",
        "bun_migration_locks",
        "phinxlog",
        "atlas_schema_revisions",
        "refinery_schema_history",
        "doctrine_migration_versions",
    }
)
"""Names without their schema; every question about them takes them from here."""
