-- Look out for a session by its name, several hundred times a second, because it ends as soon as its questions are answered.
DO $$
DECLARE
    gives_up_at CONSTANT timestamptz := clock_timestamp() + pg_catalog.current_setting('hotswap_tui.patience')::interval;
BEGIN
    WHILE clock_timestamp() < gives_up_at LOOP
        PERFORM pg_catalog.pg_stat_clear_snapshot();
        PERFORM FROM pg_catalog.pg_stat_activity
        WHERE application_name = pg_catalog.current_setting('hotswap_tui.awaited');
        IF FOUND THEN
            PERFORM pg_catalog.set_config('hotswap_tui.seen', 'yes', false);
            EXIT;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.001);
    END LOOP;
END
$$
