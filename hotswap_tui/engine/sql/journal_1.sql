-- Wall clocks jump, and a run that could not read its journal counts its events from 1 again: `seq` orders, nothing else.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    wall_s REAL NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    role TEXT,
    data TEXT NOT NULL
);

-- One row: what must survive a restart, as JSON.
CREATE TABLE memory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
);

CREATE TABLE switch (
    seq INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    why TEXT NOT NULL,
    by TEXT NOT NULL,
    forced INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    step TEXT NOT NULL,
    cancellable INTEGER NOT NULL,
    cancelled_by TEXT NOT NULL,
    unknown INTEGER NOT NULL,
    started_wall_s REAL NOT NULL,
    finished_wall_s REAL,
    result TEXT NOT NULL,
    error TEXT NOT NULL,
    down TEXT,
    down_s REAL NOT NULL
);

-- Checks as they were. `role` is 0 for the primary, 1 for the secondary; `latency_us` is null when the check failed.
CREATE TABLE sample (
    seq INTEGER PRIMARY KEY,
    wall_ms INTEGER NOT NULL,
    role INTEGER NOT NULL,
    latency_us INTEGER
);

-- The same checks summed up, each table in buckets of as many seconds as its name says. `key` is 2 * bucket + role, where
-- bucket is wall time divided by the width: appended in order of time, a table without gaps and without a second index.
CREATE TABLE bucket_10 (key INTEGER PRIMARY KEY, n INTEGER NOT NULL, failed INTEGER NOT NULL, max_us INTEGER, sum_us INTEGER NOT NULL);
CREATE TABLE bucket_60 (key INTEGER PRIMARY KEY, n INTEGER NOT NULL, failed INTEGER NOT NULL, max_us INTEGER, sum_us INTEGER NOT NULL);
CREATE TABLE bucket_600 (key INTEGER PRIMARY KEY, n INTEGER NOT NULL, failed INTEGER NOT NULL, max_us INTEGER, sum_us INTEGER NOT NULL);
