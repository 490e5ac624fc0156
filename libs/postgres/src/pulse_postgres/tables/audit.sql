CREATE TABLE audit (
    n          bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    actor      text,
    target     text,
    before     text,                                  -- canonical JSON
    after      text,
    address    text,
    request_id text,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_kind ON audit (kind, n);
CREATE INDEX audit_actor ON audit (actor, n);
CREATE INDEX audit_target ON audit (target, n);

-- A row and not max(n): its lock puts entries in one order.
CREATE TABLE audit_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    n      bigint NOT NULL,
    hash   bytea NOT NULL CHECK (octet_length(hash) = 32)
);
INSERT INTO audit_head (n, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
