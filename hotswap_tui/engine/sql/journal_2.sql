-- What moving real traffic adds. `recipe` is empty for a switch that had no plan, those of version 1 among them.
ALTER TABLE switch ADD COLUMN recipe TEXT NOT NULL DEFAULT '';
ALTER TABLE switch ADD COLUMN waited_clients INTEGER NOT NULL DEFAULT 0;
ALTER TABLE switch ADD COLUMN waited_s REAL NOT NULL DEFAULT 0;
ALTER TABLE switch ADD COLUMN severed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE switch ADD COLUMN proof TEXT NOT NULL DEFAULT '';

-- The steps of a switch's last attempt in the order of their beginning; `done_wall_s` is null while nothing is known of the end.
CREATE TABLE step (
    seq INTEGER PRIMARY KEY,
    switch_seq INTEGER NOT NULL,
    step TEXT NOT NULL,
    begun_wall_s REAL NOT NULL,
    done_wall_s REAL,
    UNIQUE (switch_seq, step)
);
