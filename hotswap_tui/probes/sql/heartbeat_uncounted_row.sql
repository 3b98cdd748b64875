INSERT INTO hotswap_heartbeat (beat_at) VALUES (pg_catalog.now()) ON CONFLICT DO NOTHING;
