-- How often all tokens of an account were revoked. A token carries the number of its time, and a revocation ends those of lower
-- ones: whoever signs in right after it is let in, whatever the clocks say. Not a column of account: an emergency counts while it
-- holds the keys, for which a sign-in waits that holds its account.
CREATE TABLE token_generation (
    account_id uuid PRIMARY KEY,
    generation bigint NOT NULL
);
ALTER TABLE revocation ADD COLUMN generation bigint;   -- of a whole account alone
INSERT INTO token_generation SELECT DISTINCT account_id, 1 FROM revocation WHERE sid IS NULL;
UPDATE revocation SET generation = 1 WHERE sid IS NULL;

DROP FUNCTION admit(uuid, text, boolean, timestamptz, bigint, bytea, uuid, boolean, timestamptz, text, text, bytea, timestamptz,
    bytea, audit);
DROP FUNCTION standing(uuid, timestamptz);

-- What decides about an account's tokens (pulse_auth.store.admission.Standing), as of the statement that asks.
CREATE FUNCTION standing(of_account uuid, at timestamptz) RETURNS TABLE (
    kid text, public text, private text, created timestamptz, not_before timestamptz, not_after timestamptz,
    required text[], is_confirmed boolean, generation bigint
) LANGUAGE sql STABLE AS $$
    SELECT k.*, (SELECT second_factor_roles FROM policy),
        EXISTS (SELECT FROM second_factor WHERE account_id = of_account AND confirmed IS NOT NULL),
        coalesce((SELECT generation FROM token_generation WHERE account_id = of_account), 0)
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
        SELECT * FROM signing_key WHERE not_before <= at AND not_after IS NULL AND private IS NOT NULL
        ORDER BY not_before DESC, kid DESC LIMIT 1
    ) AS k ON true
$$;

-- As in 0007, with the generation.
CREATE FUNCTION admit(
    of_account uuid, seen_digest text, is_factor_met boolean, at timestamptz, keys_lock bigint, failures_key bytea,
    new_session uuid, remembered boolean, session_ends timestamptz, used_device text, used_address text,
    token_hash bytea, token_idle_ends timestamptz, seen_end bytea, entry audit
) RETURNS TABLE (
    outcome text, id uuid, version bigint, email text, name text, role text, active boolean, digest text,
    kid text, public text, private text, created timestamptz, not_before timestamptz, not_after timestamptz,
    required text[], is_confirmed boolean, generation bigint, n bigint, hash bytea
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
    SELECT s.* INTO kid, public, private, created, not_before, not_after, required, is_confirmed, generation
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
