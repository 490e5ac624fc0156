CREATE SCHEMA users;

CREATE FUNCTION audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;

CREATE TABLE account (
    id uuid NOT NULL,
    email text,
    email_key text,
    name text NOT NULL,
    role text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    digest text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    deleted_at timestamp with time zone,
    name_key text NOT NULL,
    verifier text,
    state_version bigint DEFAULT 0 NOT NULL,
    CONSTRAINT account_email_check CHECK ((char_length(email) <= 254)),
    CONSTRAINT account_name_check CHECK ((char_length(name) <= 200)),
    CONSTRAINT account_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'user'::text, 'viewer'::text]))),
    CONSTRAINT account_tombstone CHECK (
CASE
    WHEN (deleted_at IS NULL) THEN ((email IS NOT NULL) AND (email_key IS NOT NULL))
    ELSE ((email IS NULL) AND (email_key IS NULL) AND (digest IS NULL) AND (verifier IS NULL) AND (name = ''::text) AND (NOT active))
END)
);

CREATE TABLE account_counter (
    single boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT account_counter_single_check CHECK (single)
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

CREATE TABLE brand (
    single boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    name text,
    accent_light text,
    accent_dark text,
    logo bytea,
    logo_type text,
    updated_at timestamp with time zone NOT NULL,
    updated_by text,
    updated_by_name text NOT NULL,
    CONSTRAINT brand_accent_dark_check CHECK ((accent_dark ~ '^#[0-9a-f]{6}$'::text)),
    CONSTRAINT brand_accent_light_check CHECK ((accent_light ~ '^#[0-9a-f]{6}$'::text)),
    CONSTRAINT brand_check CHECK (((accent_light IS NULL) = (accent_dark IS NULL))),
    CONSTRAINT brand_check1 CHECK (((logo IS NULL) = (logo_type IS NULL))),
    CONSTRAINT brand_logo_check CHECK (((octet_length(logo) >= 1) AND (octet_length(logo) <= 262144))),
    CONSTRAINT brand_logo_type_check CHECK ((logo_type = ANY (ARRAY['image/png'::text, 'image/jpeg'::text, 'image/webp'::text]))),
    CONSTRAINT brand_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 60))),
    CONSTRAINT brand_single_check CHECK (single),
    CONSTRAINT brand_version_check CHECK ((version > 1))
);
ALTER TABLE ONLY brand ALTER COLUMN logo SET STORAGE EXTERNAL;

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

CREATE TABLE mail (
    id uuid NOT NULL,
    sealed text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL
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

CREATE TABLE password_link (
    hash bytea NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT password_link_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT password_link_kind_check CHECK ((kind = ANY (ARRAY['invitation'::text, 'reset'::text])))
);

CREATE TABLE preferences (
    account uuid NOT NULL,
    version bigint NOT NULL,
    language text,
    theme text NOT NULL,
    time_zone text,
    decimal_sign text NOT NULL,
    units text DEFAULT 'declared'::text NOT NULL,
    views jsonb,
    CONSTRAINT preferences_decimal_sign_check CHECK ((decimal_sign = ANY (ARRAY['language'::text, 'point'::text, 'comma'::text]))),
    CONSTRAINT preferences_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
    CONSTRAINT preferences_theme_check CHECK ((theme = ANY (ARRAY['system'::text, 'light'::text, 'dark'::text]))),
    CONSTRAINT preferences_time_zone_check CHECK (((char_length(time_zone) >= 1) AND (char_length(time_zone) <= 64))),
    CONSTRAINT preferences_units_check CHECK ((units = ANY (ARRAY['declared'::text, 'metric'::text, 'imperial'::text]))),
    CONSTRAINT preferences_version_check CHECK ((version > 1)),
    CONSTRAINT preferences_views_check CHECK ((octet_length((views)::text) <= 65536))
);

CREATE TABLE rate_limit (
    key bytea NOT NULL,
    arrival timestamp with time zone NOT NULL,
    CONSTRAINT rate_limit_key_check CHECK ((octet_length(key) = 32))
);

CREATE TABLE reset_request (
    id bigint NOT NULL,
    email text NOT NULL,
    address text,
    request_id text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT reset_request_email_check CHECK ((char_length(email) <= 254))
);

CREATE SEQUENCE reset_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE reset_request_id_seq OWNED BY reset_request.id;

CREATE TABLE schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    runs_with integer
);

ALTER TABLE ONLY outbox ALTER COLUMN id SET DEFAULT nextval('outbox_id_seq'::regclass);

ALTER TABLE ONLY reset_request ALTER COLUMN id SET DEFAULT nextval('reset_request_id_seq'::regclass);

ALTER TABLE ONLY account_counter
    ADD CONSTRAINT account_counter_pkey PRIMARY KEY (single);

ALTER TABLE ONLY account
    ADD CONSTRAINT account_email_key_key UNIQUE (email_key);

ALTER TABLE ONLY account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY account
    ADD CONSTRAINT account_version_key UNIQUE (version);

ALTER TABLE ONLY audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (single);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (n);

ALTER TABLE ONLY backoff
    ADD CONSTRAINT backoff_pkey PRIMARY KEY (key);

ALTER TABLE ONLY brand
    ADD CONSTRAINT brand_pkey PRIMARY KEY (single);

ALTER TABLE ONLY idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY mail
    ADD CONSTRAINT mail_pkey PRIMARY KEY (id);

ALTER TABLE ONLY outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY outbox_set_aside
    ADD CONSTRAINT outbox_set_aside_pkey PRIMARY KEY (id);

ALTER TABLE ONLY password_link
    ADD CONSTRAINT password_link_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY preferences
    ADD CONSTRAINT preferences_pkey PRIMARY KEY (account);

ALTER TABLE ONLY rate_limit
    ADD CONSTRAINT rate_limit_pkey PRIMARY KEY (key);

ALTER TABLE ONLY reset_request
    ADD CONSTRAINT reset_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

CREATE INDEX account_all ON account USING btree (created_at, id);

CREATE INDEX account_by_created ON account USING btree (created_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX account_by_email ON account USING btree (email_key COLLATE "C", id) WHERE (deleted_at IS NULL);

CREATE INDEX account_by_name ON account USING btree (name_key COLLATE "C", id) WHERE (deleted_at IS NULL);

CREATE INDEX account_by_updated ON account USING btree (updated_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX audit_actor ON audit USING btree (actor, n);

CREATE INDEX audit_kind ON audit USING btree (kind, n);

CREATE INDEX audit_target ON audit USING btree (target, n);

CREATE INDEX backoff_touched ON backoff USING btree (touched);

CREATE INDEX idempotency_started ON idempotency USING btree (started);

CREATE INDEX mail_due ON mail USING btree (due_at);

CREATE INDEX password_link_account ON password_link USING btree (account_id);

CREATE INDEX password_link_expires ON password_link USING btree (expires_at);

CREATE INDEX rate_limit_arrival ON rate_limit USING btree (arrival);

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

ALTER TABLE ONLY password_link
    ADD CONSTRAINT password_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id);

ALTER TABLE ONLY preferences
    ADD CONSTRAINT preferences_account_fkey FOREIGN KEY (account) REFERENCES account(id);
