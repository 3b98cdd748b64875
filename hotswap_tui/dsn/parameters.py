"""The parameters that connection strings carry, and what becomes of each.

Sources: libpq's manual ("Parameter Key Words", PostgreSQL 18), Prisma's PostgreSQL connector, and the manuals of pgjdbc,
node-postgres, asyncpg and SQLAlchemy.
"""

from __future__ import annotations

from typing import Final

SECRET: Final = frozenset({"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"})

ALIASES: Final = {
    "username": "user",
    "database": "dbname",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "currentSchema": "search_path",
    "TimeZone": "timezone",
}

HONOURED: Final = frozenset({
    "host", "port", "user", "password", "dbname", "passfile", "options", "application_name", "fallback_application_name",
    "channel_binding", "connect_timeout", "target_session_attrs", "schema", "sslaccept", "ssl",
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslsni", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version",
})  # fmt: skip

SERVER_SETTINGS: Final = frozenset({
    "search_path", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
    "timezone",
})  # fmt: skip

LIBPQ_ONLY: Final = frozenset({
    "hostaddr", "client_encoding", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout", "sslcompression", "sslcertmode", "sslcrldir", "requirepeer", "require_auth", "gssencmode",
    "krbsrvname", "gsslib", "gssdelegation", "load_balance_hosts", "min_protocol_version", "max_protocol_version",
})  # fmt: skip

PRISMA_ONLY: Final = frozenset({
    "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size", "sslidentity",
    "max_connection_lifetime", "max_idle_connection_lifetime", "single_use_connections",
})  # fmt: skip

_SIGN_IN: Final = (
    "scram_client_key", "scram_server_key", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope",
)  # fmt: skip

_OWN: Final = {
    "Prisma's": tuple(sorted(PRISMA_ONLY)),
    "JDBC's": (
        "loginTimeout", "socketTimeout", "prepareThreshold", "preparedStatementCacheQueries", "tcpKeepAlive",
        "targetServerType", "reWriteBatchedInserts", "stringtype", "sslfactory", "binaryTransfer", "defaultRowFetchSize",
        "loadBalanceHosts", "readOnly", "assumeMinServerVersion", "autosave", "preferQueryMode",
    ),
    "node-postgres'": ("uselibpqcompat", "query_timeout", "max", "idleTimeoutMillis"),
    "SQLAlchemy's": ("prepared_statement_cache_size", "prepared_statement_name_func", "async_fallback"),
    "asyncpg's": ("command_timeout", "max_cached_statement_lifetime", "max_cacheable_statement_size", "direct_tls"),
}  # fmt: skip

_REASONS: Final = {
    **{
        name: f"is {owner} own and has no meaning for a health check" for owner, names in _OWN.items() for name in names
    },
    "sslidentity": "names a PKCS#12 file, which cannot be used here (give sslcert and sslkey in PEM form)",
    "service": "names an entry of a service file, which is not read here (give host, user and dbname)",
    "servicefile": "names a service file, which is not read here (give host, user and dbname)",
    "replication": "would change the protocol of the connection",
    "sslkeylogfile": "would write the keys of the connection into a file",
    **dict.fromkeys(_SIGN_IN, "belongs to a way of signing in that is not used here"),
}


UNKNOWN: Final = "a parameter that no driver documents is set aside"


def canonical(name: str) -> str:
    """Return libpq's name for a parameter that another driver calls differently, else `name`."""
    return ALIASES.get(name, name)


def is_known(name: str) -> bool:
    """Say whether some driver documents this parameter."""
    return canonical(name) in HONOURED | SERVER_SETTINGS | LIBPQ_ONLY or name in _REASONS


def note_for(name: str) -> str | None:
    """Return the sentence that tells what is not used, or None for a parameter that health checks honour."""
    if name in LIBPQ_ONLY:
        return f"{name} is kept for connections through libpq; health checks do not use it"
    if name in _REASONS:
        return f"{name} {_REASONS[name]}; set aside"
    if name in HONOURED or name in SERVER_SETTINGS:
        return None
    return UNKNOWN
