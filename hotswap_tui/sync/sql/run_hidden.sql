-- The statement comes as a setting of the session. Its errors are raised again by their message and code alone: the server's
-- log would otherwise show the statement as their context.
DO $$
BEGIN
    EXECUTE pg_catalog.current_setting('hotswap_tui.statement');
EXCEPTION WHEN OTHERS THEN
    RAISE EXCEPTION USING MESSAGE = SQLERRM, ERRCODE = SQLSTATE;
END
$$
