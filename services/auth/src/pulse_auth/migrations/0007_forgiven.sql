-- Failures that are forgotten keep their row until the sweep: counting an attempt and forgiving it are then two updates in
-- place, where a row and its entries in two indexes were written and deleted at every sign-in. Only the sweep asked for what
-- is old, every ten minutes: it reads the whole table.
DROP INDEX backoff_touched;
ALTER TABLE backoff SET (fillfactor = 50); -- room on the page for the next version of each row

-- As in 0006_admission, but for the failures, which stay at 0.
CREATE OR REPLACE FUNCTION admit(
    of_account uuid, seen_digest text, is_factor_met boolean, at timestamptz, keys_lock bigint, failures_key bytea,
    new_session uuid, remembered boolean, session_ends timestamptz, used_device text, used_address text,
    token_hash bytea, token_idle_ends timestamptz, seen_end bytea, entry audit
) RETURNS TABLE (
    outcome text, id uuid, version bigint, email text, name text, role text, active boolean, digest text,
    kid text, public text, private text, created timestamptz, not_before timestamptz, not_after timestamptz,
    required text[], is_confirmed boolean, n bigint, hash bytea
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    SELECT a.id, a.version, a.email, a.name, a.role, a.active, a.digest
    INTO id, version, email, name, role, active, digest
    FROM account a WHERE a.id = of_account AND a.active AND a.digest IS NOT DISTINCT FROM seen_digest FOR SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(keys_lock);
    SELECT s.* INTO kid, public, private, created, not_before, not_after, required, is_confirmed
    FROM standing(of_account, at) AS s;
    IF is_confirmed AND NOT is_factor_met THEN
        outcome := 'second_factor_missing';
    ELSIF kid IS NULL THEN
        outcome := 'no_key';
    ELSE
        -- The password was right, whatever comes of the rest. First, for who notes a wait has this row and then wants the end.
        UPDATE backoff SET failures = 0, until = least(until, at) WHERE key = failures_key;
        -- The condition is in the values: in a WHERE it would be asked of what was committed before the wait for this row.
        UPDATE audit_head h SET n = CASE WHEN h.hash = seen_end THEN entry.n ELSE h.n END,
            hash = CASE WHEN h.hash = seen_end THEN entry.hash ELSE h.hash END
        RETURNING h.n, h.hash INTO n, hash;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the audit trail has no head';
        ELSIF hash <> entry.hash THEN
            outcome := 'moved';
        ELSE
            WITH opened AS (
                INSERT INTO session (id, account_id, remember, created, ends, last_used, device, address)
                VALUES (new_session, of_account, remembered, at, session_ends, at, used_device, used_address)
            ),
            given AS (
                INSERT INTO refresh_token (hash, session_id, idle_ends)
                VALUES (token_hash, new_session, token_idle_ends)
            )
            INSERT INTO audit SELECT entry.*;
            outcome := 'opened';
        END IF;
    END IF;
    RETURN NEXT;
END
$$;
