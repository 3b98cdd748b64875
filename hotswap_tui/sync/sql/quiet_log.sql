-- What may change the log's settings keeps the statement out of it; for another role nothing happens.
SELECT pg_catalog.set_config(name, value, false)
FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_error_statement', 'panic'),
    ('log_min_messages', 'error'), ('log_error_verbosity', 'terse')) AS wanted (name, value)
WHERE pg_catalog.current_setting('is_superuser') = 'on'
