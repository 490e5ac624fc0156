CREATE SCHEMA auth;

CREATE FUNCTION audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;

CREATE FUNCTION count_policy_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := NULL;
    NEW.updated_by_name := '';
    RETURN NEW;
END $$;

CREATE TABLE account (
    id uuid NOT NULL,
    version bigint NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    active boolean NOT NULL,
    digest text,
    has_verifier boolean DEFAULT false NOT NULL,
    CONSTRAINT account_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'user'::text, 'viewer'::text])))
);

CREATE TABLE api_key (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    scope text[] NOT NULL,
    hash bytea NOT NULL,
    created timestamp with time zone NOT NULL,
    expires timestamp with time zone NOT NULL,
    last_used timestamp with time zone,
    revoked timestamp with time zone,
    CONSTRAINT api_key_hash_check CHECK ((octet_length(hash) = 32))
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

CREATE TABLE backoff (
    key bytea NOT NULL,
    failures integer NOT NULL,
    until timestamp with time zone NOT NULL,
    touched timestamp with time zone NOT NULL,
    noted timestamp with time zone,
    CONSTRAINT backoff_key_check CHECK ((octet_length(key) = 32))
);

CREATE TABLE broker_credential (
    name text NOT NULL,
    party text NOT NULL,
    secret text,
    is_enabled boolean DEFAULT true NOT NULL,
    is_adopted boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    applied bigint DEFAULT 0 NOT NULL,
    has_free_client_id boolean DEFAULT false NOT NULL
);

CREATE TABLE challenge (
    hash bytea NOT NULL,
    account_id uuid NOT NULL,
    version bigint NOT NULL,
    remember boolean NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    ends timestamp with time zone NOT NULL,
    CONSTRAINT challenge_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE collector (
    id text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    name text NOT NULL,
    site text DEFAULT ''::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    state text DEFAULT 'enabled'::text NOT NULL,
    gen bigint DEFAULT 0 NOT NULL,
    public_key bytea,
    seal_key text,
    created timestamp with time zone NOT NULL,
    enrolled timestamp with time zone,
    kind text DEFAULT 'collector'::text NOT NULL,
    username text,
    has_free_client_id boolean DEFAULT false NOT NULL,
    was_collector boolean DEFAULT false NOT NULL,
    CONSTRAINT collector_id_check CHECK ((id ~ '^[a-z0-9-]{1,32}$'::text)),
    CONSTRAINT collector_kind_check CHECK ((kind = ANY (ARRAY['collector'::text, 'plain'::text]))),
    CONSTRAINT collector_public_key_check CHECK ((octet_length(public_key) = 32)),
    CONSTRAINT collector_state_check CHECK ((state = ANY (ARRAY['enabled'::text, 'disabled'::text, 'lost'::text, 'deleted'::text])))
);

CREATE TABLE collector_access (
    collector_id text NOT NULL,
    subject text NOT NULL,
    is_allowed boolean NOT NULL
);

CREATE TABLE enrolment_code (
    id bytea NOT NULL,
    collector_id text NOT NULL,
    key text NOT NULL,
    ends timestamp with time zone NOT NULL,
    CONSTRAINT enrolment_code_id_check CHECK ((octet_length(id) = 32))
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

CREATE TABLE outbox (
    id bigint NOT NULL,
    template text NOT NULL,
    levels text NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE outbox_id_seq OWNED BY outbox.id;

CREATE TABLE outbox_set_aside (
    id bigint NOT NULL,
    template text NOT NULL,
    levels text NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    set_aside_at timestamp with time zone DEFAULT now() NOT NULL,
    reason text NOT NULL
);

CREATE TABLE policy (
    single boolean DEFAULT true NOT NULL,
    second_factor_roles text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone,
    updated_by text,
    updated_by_name text DEFAULT ''::text NOT NULL,
    CONSTRAINT policy_single_check CHECK (single)
);

CREATE TABLE rate_limit (
    key bytea NOT NULL,
    arrival timestamp with time zone NOT NULL,
    CONSTRAINT rate_limit_key_check CHECK ((octet_length(key) = 32))
);

CREATE TABLE recovery_code (
    account_id uuid NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT recovery_code_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE refresh_token (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    parent bytea,
    idle_ends timestamp with time zone NOT NULL,
    used timestamp with time zone,
    repeated_late timestamp with time zone,
    CONSTRAINT refresh_token_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE revocation (
    id bigint NOT NULL,
    account_id uuid NOT NULL,
    sid text,
    at timestamp with time zone NOT NULL,
    generation bigint
);

CREATE SEQUENCE revocation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE revocation_id_seq OWNED BY revocation.id;

CREATE TABLE schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    runs_with integer
);

CREATE TABLE second_factor (
    account_id uuid NOT NULL,
    secret text NOT NULL,
    created timestamp with time zone NOT NULL,
    confirmed timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL
);

CREATE TABLE session (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    remember boolean NOT NULL,
    created timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    revoked timestamp with time zone,
    address text,
    device text DEFAULT ''::text NOT NULL,
    last_used timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE signing_key (
    kid text NOT NULL,
    public text NOT NULL,
    private text,
    created timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone
);

CREATE TABLE signing_root (
    single boolean DEFAULT true NOT NULL,
    kid text NOT NULL,
    public text NOT NULL,
    private text NOT NULL,
    CONSTRAINT signing_root_single_check CHECK (single)
);

CREATE TABLE token_generation (
    account_id uuid NOT NULL,
    generation bigint NOT NULL
);

CREATE TABLE trusted_key (
    purpose text NOT NULL,
    kid text NOT NULL,
    public text NOT NULL,
    announced timestamp with time zone NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT trusted_key_purpose_check CHECK ((purpose = ANY (ARRAY['mirror'::text, 'command'::text])))
);

CREATE TABLE trusted_key_counter (
    single boolean DEFAULT true NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT trusted_key_counter_single_check CHECK (single)
);

ALTER TABLE ONLY outbox ALTER COLUMN id SET DEFAULT nextval('outbox_id_seq'::regclass);

ALTER TABLE ONLY revocation ALTER COLUMN id SET DEFAULT nextval('revocation_id_seq'::regclass);

ALTER TABLE ONLY account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (single);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (n);

ALTER TABLE ONLY backoff
    ADD CONSTRAINT backoff_pkey PRIMARY KEY (key);

ALTER TABLE ONLY broker_credential
    ADD CONSTRAINT broker_credential_pkey PRIMARY KEY (name);

ALTER TABLE ONLY challenge
    ADD CONSTRAINT challenge_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY collector_access
    ADD CONSTRAINT collector_access_pkey PRIMARY KEY (collector_id, subject);

ALTER TABLE ONLY collector
    ADD CONSTRAINT collector_pkey PRIMARY KEY (id);

ALTER TABLE ONLY collector
    ADD CONSTRAINT collector_username_key UNIQUE (username);

ALTER TABLE ONLY enrolment_code
    ADD CONSTRAINT enrolment_code_collector_id_key UNIQUE (collector_id);

ALTER TABLE ONLY enrolment_code
    ADD CONSTRAINT enrolment_code_pkey PRIMARY KEY (id);

ALTER TABLE ONLY idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY outbox_set_aside
    ADD CONSTRAINT outbox_set_aside_pkey PRIMARY KEY (id);

ALTER TABLE ONLY policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (single);

ALTER TABLE ONLY rate_limit
    ADD CONSTRAINT rate_limit_pkey PRIMARY KEY (key);

ALTER TABLE ONLY recovery_code
    ADD CONSTRAINT recovery_code_pkey PRIMARY KEY (account_id, hash);

ALTER TABLE ONLY refresh_token
    ADD CONSTRAINT refresh_token_parent_key UNIQUE (parent);

ALTER TABLE ONLY refresh_token
    ADD CONSTRAINT refresh_token_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY revocation
    ADD CONSTRAINT revocation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY second_factor
    ADD CONSTRAINT second_factor_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY signing_key
    ADD CONSTRAINT signing_key_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY signing_root
    ADD CONSTRAINT signing_root_pkey PRIMARY KEY (single);

ALTER TABLE ONLY token_generation
    ADD CONSTRAINT token_generation_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY trusted_key_counter
    ADD CONSTRAINT trusted_key_counter_pkey PRIMARY KEY (single);

ALTER TABLE ONLY trusted_key
    ADD CONSTRAINT trusted_key_pkey PRIMARY KEY (purpose, kid);

CREATE INDEX account_email ON account USING btree (email_key, version DESC);

CREATE INDEX api_key_account ON api_key USING btree (account_id);

CREATE INDEX audit_actor ON audit USING btree (actor, n);

CREATE INDEX audit_kind ON audit USING btree (kind, n);

CREATE INDEX audit_target ON audit USING btree (target, n);

CREATE INDEX backoff_touched ON backoff USING btree (touched);

CREATE INDEX broker_credential_waiting ON broker_credential USING btree (name) WHERE (applied < version);

CREATE INDEX challenge_ends ON challenge USING btree (ends);

CREATE INDEX collector_access_subject ON collector_access USING btree (subject);

CREATE INDEX collector_site ON collector USING btree (site) WHERE (state <> 'deleted'::text);

CREATE INDEX idempotency_started ON idempotency USING btree (started);

CREATE INDEX rate_limit_arrival ON rate_limit USING btree (arrival);

CREATE INDEX refresh_token_session ON refresh_token USING btree (session_id);

CREATE INDEX revocation_at ON revocation USING btree (at);

CREATE INDEX session_live ON session USING btree (account_id) WHERE (revoked IS NULL);

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER policy_changed BEFORE UPDATE ON policy FOR EACH ROW WHEN ((new.version = old.version)) EXECUTE FUNCTION count_policy_change();

ALTER TABLE ONLY api_key
    ADD CONSTRAINT api_key_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY challenge
    ADD CONSTRAINT challenge_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY collector_access
    ADD CONSTRAINT collector_access_collector_id_fkey FOREIGN KEY (collector_id) REFERENCES collector(id);

ALTER TABLE ONLY enrolment_code
    ADD CONSTRAINT enrolment_code_collector_id_fkey FOREIGN KEY (collector_id) REFERENCES collector(id);

ALTER TABLE ONLY recovery_code
    ADD CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES second_factor(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY refresh_token
    ADD CONSTRAINT refresh_token_session_id_fkey FOREIGN KEY (session_id) REFERENCES session(id) ON DELETE CASCADE;

ALTER TABLE ONLY second_factor
    ADD CONSTRAINT second_factor_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY session
    ADD CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id);
