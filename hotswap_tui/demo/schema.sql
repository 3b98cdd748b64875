-- A small personal-finance database in the shape that Prisma gives it; :'name' is the server's own name.

CREATE TABLE users (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id        integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name           text NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('checking', 'savings', 'credit_card')),
    balance_cents  bigint NOT NULL DEFAULT 0,
    limit_cents    bigint,
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE transactions (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   integer NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    booked_at    timestamptz NOT NULL DEFAULT now(),
    payee        text NOT NULL,
    category     text NOT NULL,
    amount_cents bigint NOT NULL
);

CREATE INDEX transactions_account_booked ON transactions (account_id, booked_at DESC);

CREATE TABLE budgets (
    user_id     integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    category    text NOT NULL,
    month_cents bigint NOT NULL CHECK (month_cents > 0),
    PRIMARY KEY (user_id, category)
);

-- Which server is this? Told apart by content, whatever leads to it.
CREATE TABLE marker (
    name text PRIMARY KEY
);

INSERT INTO marker (name) VALUES (:'name');

-- What each client of the demo's load has had committed here.
CREATE TABLE heartbeats (
    client integer PRIMARY KEY,
    beats  bigint NOT NULL
);

INSERT INTO users (email, name) VALUES
    ('ada@example.com', 'Ada'),
    ('grace@example.com', 'Grace');

INSERT INTO accounts (user_id, name, kind, balance_cents, limit_cents) VALUES
    (1, 'Everyday', 'checking', 184250, NULL),
    (1, 'Rainy day', 'savings', 1250000, NULL),
    (2, 'Blue card', 'credit_card', -43219, 300000);

INSERT INTO budgets (user_id, category, month_cents) VALUES
    (1, 'groceries', 45000),
    (1, 'transport', 12000),
    (2, 'eating out', 20000);

INSERT INTO transactions (account_id, booked_at, payee, category, amount_cents)
SELECT
    1 + n % 3,
    timestamptz '2025-11-01 08:00:00Z' + n * interval '7 hours',
    (ARRAY['Corner shop', 'City transit', 'Noodle bar', 'Power company', 'Bookshop'])[1 + n % 5],
    (ARRAY['groceries', 'transport', 'eating out', 'utilities', 'leisure'])[1 + n % 5],
    -(250 + (n * 7919) % 9000)
FROM generate_series(0, 59) AS n;
