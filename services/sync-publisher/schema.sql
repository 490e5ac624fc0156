CREATE SCHEMA sync;

CREATE FUNCTION audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;

CREATE TABLE account (
    id uuid NOT NULL,
    src bigint NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    active boolean NOT NULL,
    deleted boolean NOT NULL,
    verifier text,
    changed timestamp with time zone NOT NULL,
    at_users bigint,
    is_kept boolean DEFAULT false NOT NULL,
    CONSTRAINT account_email_check CHECK ((char_length(email) <= 254)),
    CONSTRAINT account_name_check CHECK ((char_length(name) <= 200)),
    CONSTRAINT account_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'user'::text, 'viewer'::text])))
);

CREATE TABLE audit (
    n bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    actor text,
    target text,
    before text,
    after text,
    address text,
    request_id text,
    hash bytea NOT NULL,
    CONSTRAINT audit_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE audit_head (
    single boolean DEFAULT true NOT NULL,
    n bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_head_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT audit_head_single_check CHECK (single)
);

CREATE TABLE collector (
    device text NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    site text NOT NULL,
    tags text[] NOT NULL,
    state text NOT NULL,
    gen bigint NOT NULL,
    public_key bytea,
    seal_key text,
    key integer DEFAULT 0 NOT NULL,
    keyed_at timestamp with time zone NOT NULL,
    next_key integer,
    next_seal_key text,
    next_public bytea,
    seq bigint DEFAULT 0 NOT NULL,
    acked bigint DEFAULT 0 NOT NULL,
    sent bigint DEFAULT 0 NOT NULL,
    needs_snapshot boolean DEFAULT true NOT NULL,
    reported text,
    seen timestamp with time zone,
    beat bigint DEFAULT 0 NOT NULL,
    beat_at timestamp with time zone,
    reported_n bigint DEFAULT 0 NOT NULL,
    nonces text[] DEFAULT '{}'::text[] NOT NULL,
    flight text,
    flight_seq bigint DEFAULT 0 NOT NULL,
    flight_asof bigint DEFAULT 0 NOT NULL,
    flight_tries integer DEFAULT 0 NOT NULL,
    flight_at timestamp with time zone,
    wiped_gen bigint DEFAULT 0 NOT NULL,
    wipe_due boolean DEFAULT false NOT NULL,
    next_send timestamp with time zone,
    set_seq bigint,
    set text,
    check_due boolean DEFAULT false NOT NULL,
    checked_at timestamp with time zone,
    audit_n bigint DEFAULT 0 NOT NULL,
    audit_hash text DEFAULT repeat('0'::text, 64) NOT NULL,
    is_shown boolean DEFAULT false NOT NULL,
    shown text DEFAULT 'unmanaged'::text NOT NULL,
    shown_behind bigint DEFAULT 0 NOT NULL,
    shown_since timestamp with time zone NOT NULL,
    CONSTRAINT collector_flight_check CHECK ((flight = ANY (ARRAY['rekey'::text, 'snapshot'::text, 'delta'::text]))),
    CONSTRAINT collector_state_check CHECK ((state = ANY (ARRAY['enabled'::text, 'disabled'::text, 'lost'::text, 'deleted'::text])))
)
WITH (fillfactor='50');

CREATE TABLE counter (
    single boolean DEFAULT true NOT NULL,
    n bigint NOT NULL,
    rules bigint NOT NULL,
    policy bigint NOT NULL,
    user_s integer NOT NULL,
    admin_s integer NOT NULL,
    copied bytea NOT NULL,
    CONSTRAINT counter_copied_check CHECK ((octet_length(copied) = 32)),
    CONSTRAINT counter_single_check CHECK (single)
);

CREATE TABLE entry (
    account uuid NOT NULL,
    device text NOT NULL,
    seq bigint NOT NULL,
    ver bigint NOT NULL,
    src bigint NOT NULL,
    state text NOT NULL,
    hash bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    has_verifier boolean NOT NULL,
    revoked_ver bigint NOT NULL,
    revoked_src bigint NOT NULL,
    had_src bigint,
    held_from bigint,
    CONSTRAINT entry_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT entry_state_check CHECK ((state = ANY (ARRAY['live'::text, 'revoked'::text])))
);

CREATE TABLE idempotency (
    key bytea NOT NULL,
    request bytea NOT NULL,
    run uuid NOT NULL,
    answer text,
    started timestamp with time zone NOT NULL,
    done boolean DEFAULT false NOT NULL,
    CONSTRAINT idempotency_key_check CHECK ((octet_length(key) = 32)),
    CONSTRAINT idempotency_request_check CHECK ((octet_length(request) = 32))
);

CREATE TABLE incident (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    device text NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT incident_detail_check CHECK ((char_length(detail) <= 500))
);

CREATE SEQUENCE incident_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE incident_id_seq OWNED BY incident.id;

CREATE TABLE local_audit (
    device text NOT NULL,
    hash text NOT NULL,
    n bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT local_audit_hash_check CHECK ((char_length(hash) = 64))
);

CREATE TABLE loss (
    device text NOT NULL,
    gen bigint NOT NULL,
    account uuid NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE receipt (
    device text NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL
);

CREATE TABLE rule (
    subject text NOT NULL,
    place text NOT NULL,
    is_allowed boolean NOT NULL,
    origin text NOT NULL,
    CONSTRAINT rule_origin_check CHECK ((origin = ANY (ARRAY['administrator'::text, 'adopted'::text, 'restored'::text]))),
    CONSTRAINT rule_place_check CHECK ((char_length(place) <= 80)),
    CONSTRAINT rule_subject_check CHECK ((char_length(subject) <= 64))
);

CREATE TABLE schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    runs_with integer
);

CREATE TABLE signing_key (
    single boolean DEFAULT true NOT NULL,
    kid text NOT NULL,
    private text NOT NULL,
    made timestamp with time zone NOT NULL,
    trusted timestamp with time zone,
    CONSTRAINT signing_key_single_check CHECK (single)
);

ALTER TABLE ONLY incident ALTER COLUMN id SET DEFAULT nextval('incident_id_seq'::regclass);

ALTER TABLE ONLY account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (single);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (n);

ALTER TABLE ONLY collector
    ADD CONSTRAINT collector_pkey PRIMARY KEY (device);

ALTER TABLE ONLY counter
    ADD CONSTRAINT counter_pkey PRIMARY KEY (single);

ALTER TABLE ONLY entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (account, device);

ALTER TABLE ONLY idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY incident
    ADD CONSTRAINT incident_pkey PRIMARY KEY (id);

ALTER TABLE ONLY local_audit
    ADD CONSTRAINT local_audit_pkey PRIMARY KEY (device, hash);

ALTER TABLE ONLY loss
    ADD CONSTRAINT loss_pkey PRIMARY KEY (device, gen, account);

ALTER TABLE ONLY receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (device, seq);

ALTER TABLE ONLY rule
    ADD CONSTRAINT rule_pkey PRIMARY KEY (subject, place);

ALTER TABLE ONLY schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY signing_key
    ADD CONSTRAINT signing_key_pkey PRIMARY KEY (single);

CREATE INDEX account_email ON account USING btree (lower(email));

CREATE INDEX audit_actor ON audit USING btree (actor, n);

CREATE INDEX audit_kind ON audit USING btree (kind, n);

CREATE INDEX audit_target ON audit USING btree (target, n);

CREATE INDEX collector_due ON collector USING btree (next_send) WHERE (next_send IS NOT NULL);

CREATE UNIQUE INDEX entry_log ON entry USING btree (device, seq);

CREATE INDEX entry_revoked ON entry USING btree (device, seq) WHERE (state = 'revoked'::text);

CREATE INDEX idempotency_started ON idempotency USING btree (started);

CREATE INDEX incident_device ON incident USING btree (device, id);

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
