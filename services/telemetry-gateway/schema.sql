CREATE SCHEMA telemetry;

CREATE FUNCTION audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;

CREATE FUNCTION count_plain_setting_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := NULL;
    NEW.updated_by_name := '';
    RETURN NEW;
END $$;

CREATE FUNCTION grant_reader() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'telemetry'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'telemetry_reader') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO telemetry_reader', current_schema());
        GRANT SELECT ON reading, reading_minute, reading_hour, reading_device, reading_series TO telemetry_reader;
        GRANT EXECUTE ON FUNCTION reading_between TO telemetry_reader;
    END IF;
END
$$;

CREATE SEQUENCE chunk_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE chunk (
    id bigint DEFAULT nextval('chunk_id'::regclass) NOT NULL,
    t0 bigint NOT NULL,
    t1 bigint NOT NULL,
    epoch bigint NOT NULL,
    t_step double precision NOT NULL,
    q0 bigint NOT NULL,
    q_step double precision NOT NULL,
    v0 bigint NOT NULL,
    v_step double precision NOT NULL,
    divisor double precision NOT NULL,
    series_id integer NOT NULL,
    device_id integer NOT NULL,
    n integer NOT NULL,
    late integer NOT NULL,
    t2 smallint[],
    t4 integer[],
    t8 bigint[],
    q2 smallint[],
    q4 integer[],
    q8 bigint[],
    v2 smallint[],
    v4 integer[],
    v8 bigint[],
    vf double precision[]
)
PARTITION BY RANGE (t0);

CREATE TABLE device (
    id integer NOT NULL,
    name text NOT NULL,
    display_name text DEFAULT ''::text NOT NULL,
    pos bigint DEFAULT 0 NOT NULL,
    latest_pos bigint DEFAULT 0 NOT NULL,
    online boolean,
    waiting bigint,
    last_seen timestamp with time zone,
    hello_epoch bigint,
    hello_before bigint,
    alternations integer DEFAULT 0 NOT NULL,
    alternated timestamp with time zone,
    epochs integer DEFAULT 0 NOT NULL,
    removed_at timestamp with time zone,
    given_name text,
    held jsonb,
    hello_next bigint,
    online_since timestamp with time zone,
    noted_online boolean,
    oldest_waiting bigint,
    version text DEFAULT ''::text NOT NULL,
    buffer_fill double precision,
    full_at timestamp with time zone,
    search_text text GENERATED ALWAYS AS (regexp_replace(NORMALIZE(lower(((((name || ' '::text) || COALESCE(given_name, ''::text)) || ' '::text) || display_name)), NFD), '[̀-ͯ]'::text, ''::text, 'g'::text)) STORED
);

CREATE TABLE series (
    id integer NOT NULL,
    device_id integer NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    display_name text NOT NULL,
    unit text NOT NULL,
    interval_us bigint,
    created timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone,
    given_name text,
    given_unit text,
    search_text text GENERATED ALWAYS AS (regexp_replace(NORMALIZE(lower(((((((((name || ' '::text) || COALESCE(given_name, ''::text)) || ' '::text) || display_name) || ' '::text) || COALESCE(given_unit, ''::text)) || ' '::text) || unit)), NFD), '[̀-ͯ]'::text, ''::text, 'g'::text)) STORED,
    CONSTRAINT series_type_check CHECK ((type = ANY (ARRAY['int'::text, 'float'::text, 'bool'::text])))
);

CREATE VIEW reading AS
 SELECT c.series_id,
    d.name AS device,
    s.name,
    (to_timestamp((0)::double precision) + ((((c.t0 + (round((c.t_step * (u.i)::double precision)))::bigint) + COALESCE((u.t2)::bigint, (u.t4)::bigint, u.t8, (0)::bigint)))::double precision * '00:00:00.000001'::interval)) AS ts,
    COALESCE(u.vf, ((((c.v0 + (round((c.v_step * (u.i)::double precision)))::bigint) + COALESCE((u.v2)::bigint, (u.v4)::bigint, u.v8, (0)::bigint)))::double precision / c.divisor)) AS value,
        CASE
            WHEN (s.type <> 'float'::text) THEN ((c.v0 + (round((c.v_step * (u.i)::double precision)))::bigint) + COALESCE((u.v2)::bigint, (u.v4)::bigint, u.v8, (0)::bigint))
            ELSE NULL::bigint
        END AS value_int,
    s.type,
    s.unit,
    c.epoch,
    ((c.q0 + (round((c.q_step * (u.i)::double precision)))::bigint) + COALESCE((u.q2)::bigint, (u.q4)::bigint, u.q8, (0)::bigint)) AS seq,
    ((c.t0 + (round((c.t_step * (u.i)::double precision)))::bigint) + COALESCE((u.t2)::bigint, (u.t4)::bigint, u.t8, (0)::bigint)) AS t,
    c.t0 AS chunk_t0,
    c.t1 AS chunk_t1
   FROM (((chunk c
     JOIN series s ON ((s.id = c.series_id)))
     JOIN device d ON ((d.id = c.device_id)))
     CROSS JOIN LATERAL ROWS FROM(generate_series(0, (c.n - 1)), unnest(c.t2), unnest(c.t4), unnest(c.t8), unnest(c.q2), unnest(c.q4), unnest(c.q8), unnest(c.v2), unnest(c.v4), unnest(c.v8), unnest(c.vf)) u(i, t2, t4, t8, q2, q4, q8, v2, v4, v8, vf));

COMMENT ON VIEW reading IS 'One row per reading that is in chunks; the newest are about PULSE_COMPACTION_LAG old';

CREATE FUNCTION reading_between(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF reading
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT reading.series_id,
     reading.device,
     reading.name,
     reading.ts,
     reading.value,
     reading.value_int,
     reading.type,
     reading.unit,
     reading.epoch,
     reading.seq,
     reading.t,
     reading.chunk_t0,
     reading.chunk_t1
    FROM reading
   WHERE ((reading.chunk_t0 >= (((EXTRACT(epoch FROM reading_between.since) * (1000000)::numeric))::bigint - '86400000000'::bigint)) AND (reading.chunk_t0 < ((EXTRACT(epoch FROM reading_between.until) * (1000000)::numeric))::bigint) AND (reading.chunk_t1 >= ((EXTRACT(epoch FROM reading_between.since) * (1000000)::numeric))::bigint) AND (reading.ts >= reading_between.since) AND (reading.ts < reading_between.until));
END;

CREATE TABLE annotation (
    id uuid NOT NULL,
    device_id integer,
    series_id integer,
    t bigint NOT NULL,
    until bigint,
    text text NOT NULL,
    author text NOT NULL,
    author_name text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by text NOT NULL,
    updated_by_name text NOT NULL,
    CONSTRAINT annotation_check CHECK ((until > t)),
    CONSTRAINT annotation_check1 CHECK (((series_id IS NULL) OR (device_id IS NOT NULL))),
    CONSTRAINT annotation_text_check CHECK (((length(text) >= 1) AND (length(text) <= 500)))
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

CREATE TABLE batch (
    device_id integer NOT NULL,
    pos bigint NOT NULL,
    epoch bigint NOT NULL,
    ord bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    n integer NOT NULL,
    lane smallint NOT NULL,
    t_min bigint NOT NULL,
    t_max bigint NOT NULL,
    sent bigint NOT NULL,
    received timestamp with time zone NOT NULL,
    payload bytea NOT NULL
)
PARTITION BY RANGE (received);
ALTER TABLE ONLY batch ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE batch_default (
    device_id integer CONSTRAINT batch_device_id_not_null NOT NULL,
    pos bigint CONSTRAINT batch_pos_not_null NOT NULL,
    epoch bigint CONSTRAINT batch_epoch_not_null NOT NULL,
    ord bigint CONSTRAINT batch_ord_not_null NOT NULL,
    lo bigint CONSTRAINT batch_lo_not_null NOT NULL,
    hi bigint CONSTRAINT batch_hi_not_null NOT NULL,
    n integer CONSTRAINT batch_n_not_null NOT NULL,
    lane smallint CONSTRAINT batch_lane_not_null NOT NULL,
    t_min bigint CONSTRAINT batch_t_min_not_null NOT NULL,
    t_max bigint CONSTRAINT batch_t_max_not_null NOT NULL,
    sent bigint CONSTRAINT batch_sent_not_null NOT NULL,
    received timestamp with time zone CONSTRAINT batch_received_not_null NOT NULL,
    payload bytea CONSTRAINT batch_payload_not_null NOT NULL
);
ALTER TABLE ONLY batch_default ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE catalog (
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    digest text NOT NULL,
    parts integer NOT NULL,
    parts_seen integer[] NOT NULL,
    local_ids integer[] NOT NULL,
    series_ids integer[] NOT NULL,
    declared timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE clock_stretch (
    device_id integer NOT NULL,
    day integer NOT NULL,
    epoch bigint NOT NULL,
    step smallint NOT NULL,
    t_min bigint NOT NULL,
    t_max bigint NOT NULL,
    clock_offset bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE command (
    id uuid NOT NULL,
    device text NOT NULL,
    n bigint NOT NULL,
    action text NOT NULL,
    seconds double precision,
    lines integer,
    actor text,
    requested_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    outcome text,
    reason text DEFAULT ''::text NOT NULL,
    output text DEFAULT ''::text NOT NULL,
    answered_at timestamp with time zone,
    CONSTRAINT command_device_check CHECK ((device ~ '^[a-z0-9-]{1,32}$'::text)),
    CONSTRAINT command_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'refused'::text, 'done'::text, 'failed'::text, 'unknown'::text])))
);

CREATE TABLE command_key (
    single boolean DEFAULT true NOT NULL,
    kid text NOT NULL,
    sealed text NOT NULL,
    created timestamp with time zone NOT NULL,
    CONSTRAINT command_key_single_check CHECK (single)
);

CREATE TABLE command_number (
    device text NOT NULL,
    n bigint NOT NULL
);

CREATE TABLE compaction (
    device_id integer NOT NULL,
    pos bigint DEFAULT 0 NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE connection_event (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    online boolean NOT NULL
);

ALTER TABLE connection_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME connection_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE declared_drop (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    ranges int8multirange NOT NULL,
    n bigint NOT NULL,
    reason text NOT NULL,
    t_first bigint,
    t_last bigint,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE declared_drop ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME declared_drop_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE device ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME device_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE gateway_lease (
    name text NOT NULL,
    until timestamp with time zone NOT NULL
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
    id uuid NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    services text[] NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    created_by_name text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by text NOT NULL,
    updated_by_name text NOT NULL,
    CONSTRAINT incident_check CHECK ((ended_at >= started_at)),
    CONSTRAINT incident_services_check CHECK ((cardinality(services) <= 6)),
    CONSTRAINT incident_text_check CHECK ((length(text) <= 2000)),
    CONSTRAINT incident_title_check CHECK (((length(title) >= 1) AND (length(title) <= 120)))
);

CREATE TABLE intake_rate (
    gateway text NOT NULL,
    at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    readings bigint NOT NULL,
    wait_median double precision,
    wait_p99 double precision,
    CONSTRAINT intake_rate_readings_check CHECK ((readings >= 0)),
    CONSTRAINT intake_rate_seconds_check CHECK ((seconds > (0)::double precision))
);

CREATE TABLE latest (
    series_id integer NOT NULL,
    ord bigint NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    t bigint NOT NULL,
    word bigint NOT NULL,
    rank bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE lease (
    name text NOT NULL,
    owner text NOT NULL,
    until timestamp with time zone NOT NULL
);

CREATE TABLE partition_written (
    name text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE plain_setting (
    device_id integer NOT NULL,
    takes_text boolean DEFAULT true NOT NULL,
    time_keys text[] NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    left_out text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 2 NOT NULL,
    updated_at timestamp with time zone,
    updated_by text,
    updated_by_name text DEFAULT ''::text NOT NULL
);

CREATE TABLE plain_skipped (
    device_id integer NOT NULL,
    name text NOT NULL,
    n bigint NOT NULL,
    example text NOT NULL,
    last timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE quarantine (
    id bigint NOT NULL,
    address text NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL,
    received timestamp with time zone DEFAULT now() NOT NULL,
    reason_id bigint
);

ALTER TABLE quarantine ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE quarantine_reason (
    id bigint NOT NULL,
    key bytea NOT NULL,
    address text NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    n bigint DEFAULT 0 NOT NULL,
    first timestamp with time zone DEFAULT now() NOT NULL,
    last timestamp with time zone DEFAULT now() NOT NULL,
    device text GENERATED ALWAYS AS (TRIM(BOTH '-'::text FROM regexp_replace(lower(split_part(address, '/'::text,
CASE
    WHEN (split_part(address, '/'::text, 2) = ANY (ARRAY['shard'::text, 'status'::text])) THEN 4
    ELSE 3
END)), '[^a-z0-9]+'::text, '-'::text, 'g'::text))) STORED
);

ALTER TABLE quarantine_reason ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quarantine_reason_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW reading_device AS
 SELECT id AS device_id,
    name AS device,
    display_name,
    online,
    last_seen
   FROM device;

CREATE SEQUENCE rollup_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE rollup_hour (
    id bigint DEFAULT nextval('rollup_id'::regclass) NOT NULL,
    t0 bigint NOT NULL,
    series_id integer NOT NULL,
    slot smallint[] NOT NULL,
    n integer[] NOT NULL,
    late integer[] NOT NULL,
    t_first bigint[] NOT NULL,
    t_last bigint[] NOT NULL,
    t_min bigint[] NOT NULL,
    t_max bigint[] NOT NULL,
    sum double precision[] NOT NULL,
    f_first double precision[],
    f_last double precision[],
    f_min double precision[],
    f_max double precision[],
    i_first bigint[],
    i_last bigint[],
    i_min bigint[],
    i_max bigint[]
)
PARTITION BY RANGE (t0);

COMMENT ON TABLE rollup_hour IS 'Additive roll-ups of hours, one row per series and UTC day; arrays of equal length';

CREATE VIEW reading_hour AS
 SELECT r.series_id,
    d.name AS device,
    s.name,
    s.unit,
    (to_timestamp((0)::double precision) + (((r.t0 + ((u.slot)::bigint * '3600000000'::bigint)))::double precision * '00:00:00.000001'::interval)) AS ts,
    sum(u.n) AS n,
    min(COALESCE(u.f_min, (u.i_min)::double precision)) AS min,
    max(COALESCE(u.f_max, (u.i_max)::double precision)) AS max,
    ((sum((u.sum)::numeric) / (sum(u.n))::numeric))::double precision AS mean,
    (array_agg(COALESCE(u.f_first, (u.i_first)::double precision) ORDER BY u.t_first))[1] AS first,
    (array_agg(COALESCE(u.f_last, (u.i_last)::double precision) ORDER BY u.t_last DESC))[1] AS last
   FROM (((rollup_hour r
     JOIN series s ON ((s.id = r.series_id)))
     JOIN device d ON ((d.id = s.device_id)))
     CROSS JOIN LATERAL UNNEST(r.slot, r.n, r.sum, r.t_first, r.t_last, r.f_first, r.f_last, r.f_min, r.f_max, r.i_first, r.i_last, r.i_min, r.i_max) u(slot, n, sum, t_first, t_last, f_first, f_last, f_min, f_max, i_first, i_last, i_min, i_max))
  GROUP BY r.series_id, d.name, s.name, s.unit, r.t0, u.slot;

CREATE TABLE rollup_minute (
    id bigint DEFAULT nextval('rollup_id'::regclass) NOT NULL,
    t0 bigint NOT NULL,
    series_id integer NOT NULL,
    slot smallint[] NOT NULL,
    n integer[] NOT NULL,
    late integer[] NOT NULL,
    t_first integer[] NOT NULL,
    t_last integer[] NOT NULL,
    t_min integer[] NOT NULL,
    t_max integer[] NOT NULL,
    sum double precision[] NOT NULL,
    f_first double precision[],
    f_last double precision[],
    f_min double precision[],
    f_max double precision[],
    i_first bigint[],
    i_last bigint[],
    i_min bigint[],
    i_max bigint[]
)
PARTITION BY RANGE (t0);

COMMENT ON TABLE rollup_minute IS 'Additive roll-ups of minutes, one row per series and four hours; arrays of equal length';

CREATE VIEW reading_minute AS
 SELECT r.series_id,
    d.name AS device,
    s.name,
    s.unit,
    (to_timestamp((0)::double precision) + (((r.t0 + ((u.slot)::bigint * 60000000)))::double precision * '00:00:00.000001'::interval)) AS ts,
    sum(u.n) AS n,
    min(COALESCE(u.f_min, (u.i_min)::double precision)) AS min,
    max(COALESCE(u.f_max, (u.i_max)::double precision)) AS max,
    ((sum((u.sum)::numeric) / (sum(u.n))::numeric))::double precision AS mean,
    (array_agg(COALESCE(u.f_first, (u.i_first)::double precision) ORDER BY u.t_first))[1] AS first,
    (array_agg(COALESCE(u.f_last, (u.i_last)::double precision) ORDER BY u.t_last DESC))[1] AS last
   FROM (((rollup_minute r
     JOIN series s ON ((s.id = r.series_id)))
     JOIN device d ON ((d.id = s.device_id)))
     CROSS JOIN LATERAL UNNEST(r.slot, r.n, r.sum, r.t_first, r.t_last, r.f_first, r.f_last, r.f_min, r.f_max, r.i_first, r.i_last, r.i_min, r.i_max) u(slot, n, sum, t_first, t_last, f_first, f_last, f_min, f_max, i_first, i_last, i_min, i_max))
  GROUP BY r.series_id, d.name, s.name, s.unit, r.t0, u.slot;

CREATE VIEW reading_series AS
 SELECT s.id AS series_id,
    d.name AS device,
    s.name,
    s.type,
    s.unit,
    s.display_name
   FROM (series s
     JOIN device d ON ((d.id = s.device_id)));

CREATE TABLE refusal (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    seqs bigint[] NOT NULL,
    codes text[] NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    lo bigint,
    unconfirmed bigint[]
);

ALTER TABLE refusal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME refusal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE removal (
    id bigint NOT NULL,
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    n bigint NOT NULL,
    source text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE removal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME removal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE retained (
    level text NOT NULL,
    since bigint NOT NULL,
    CONSTRAINT retained_level_check CHECK ((level = ANY (ARRAY['raw'::text, '1m'::text, '1h'::text])))
);

CREATE TABLE retention_setting (
    single boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    log_days integer,
    raw_days integer,
    minutes_days integer,
    hours_days integer,
    updated_at timestamp with time zone NOT NULL,
    updated_by text,
    updated_by_name text NOT NULL,
    CONSTRAINT retention_setting_hours_days_check CHECK ((hours_days > 0)),
    CONSTRAINT retention_setting_log_days_check CHECK ((log_days > 0)),
    CONSTRAINT retention_setting_minutes_days_check CHECK ((minutes_days > 0)),
    CONSTRAINT retention_setting_raw_days_check CHECK ((raw_days > 0)),
    CONSTRAINT retention_setting_single_check CHECK (single),
    CONSTRAINT retention_setting_version_check CHECK ((version > 1))
);

CREATE TABLE saved_object (
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    shared boolean NOT NULL,
    owner text NOT NULL,
    owner_name text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_object_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80)))
);

CREATE TABLE saved_object_version (
    object_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    shared boolean NOT NULL,
    content text NOT NULL,
    panels integer,
    updated_at timestamp with time zone NOT NULL,
    updated_by text NOT NULL,
    updated_by_name text NOT NULL,
    CONSTRAINT saved_object_version_content_check CHECK ((octet_length(content) <= 524288)),
    CONSTRAINT saved_object_version_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80)))
);

CREATE TABLE schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    runs_with integer
);

CREATE TABLE series_display (
    series_id integer NOT NULL,
    version bigint NOT NULL,
    decimals smallint,
    limits text DEFAULT '[]'::text NOT NULL,
    expected_min double precision,
    expected_max double precision,
    updated_at timestamp with time zone NOT NULL,
    updated_by text,
    updated_by_name text NOT NULL,
    CONSTRAINT series_display_decimals_check CHECK (((decimals >= 0) AND (decimals <= 6))),
    CONSTRAINT series_display_limits_check CHECK ((octet_length(limits) <= 4096))
);

ALTER TABLE series ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME series_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE service_day (
    service text NOT NULL,
    day date NOT NULL,
    up_seconds double precision DEFAULT 0 NOT NULL,
    down_seconds double precision DEFAULT 0 NOT NULL
);

CREATE TABLE service_outage (
    id bigint NOT NULL,
    service text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL
);

ALTER TABLE service_outage ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service_outage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE service_watch (
    service text NOT NULL,
    at timestamp with time zone NOT NULL,
    down_since timestamp with time zone,
    last_up timestamp with time zone
);

CREATE TABLE shard (
    id smallint NOT NULL,
    owner text,
    is_ready boolean DEFAULT false NOT NULL
);

CREATE TABLE share_link (
    id uuid NOT NULL,
    object_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    created_by_name text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by text,
    embeddable boolean DEFAULT false NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT share_link_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT share_link_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

CREATE TABLE stream (
    device_id integer NOT NULL,
    epoch bigint NOT NULL,
    ord bigint NOT NULL,
    next bigint DEFAULT 0 NOT NULL,
    settled int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    stored_n bigint DEFAULT 0 NOT NULL,
    refused_n bigint DEFAULT 0 NOT NULL,
    dropped_n bigint DEFAULT 0 NOT NULL,
    clock_offset bigint,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    unconfirmed_n bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE unfolded (
    series_id integer NOT NULL,
    day integer NOT NULL,
    pieces integer NOT NULL,
    touched timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE unreadable (
    device_id integer NOT NULL,
    pos bigint NOT NULL,
    epoch bigint NOT NULL,
    ord bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    n integer NOT NULL,
    received timestamp with time zone NOT NULL,
    payload bytea NOT NULL,
    noted timestamp with time zone DEFAULT now() NOT NULL,
    t_min bigint,
    t_max bigint
);

ALTER TABLE ONLY batch ATTACH PARTITION batch_default DEFAULT;

ALTER TABLE ONLY annotation
    ADD CONSTRAINT annotation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (single);

ALTER TABLE ONLY audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (n);

ALTER TABLE ONLY batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (device_id, pos, received);

ALTER TABLE ONLY batch_default
    ADD CONSTRAINT batch_default_pkey PRIMARY KEY (device_id, pos, received);

ALTER TABLE ONLY catalog
    ADD CONSTRAINT catalog_pkey PRIMARY KEY (device_id, epoch);

ALTER TABLE ONLY chunk
    ADD CONSTRAINT chunk_pkey PRIMARY KEY (series_id, t0, id);

ALTER TABLE ONLY clock_stretch
    ADD CONSTRAINT clock_stretch_pkey PRIMARY KEY (device_id, day, epoch, step);

ALTER TABLE ONLY command
    ADD CONSTRAINT command_device_n_key UNIQUE (device, n);

ALTER TABLE ONLY command_key
    ADD CONSTRAINT command_key_pkey PRIMARY KEY (single);

ALTER TABLE ONLY command_number
    ADD CONSTRAINT command_number_pkey PRIMARY KEY (device);

ALTER TABLE ONLY command
    ADD CONSTRAINT command_pkey PRIMARY KEY (id);

ALTER TABLE ONLY compaction
    ADD CONSTRAINT compaction_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY connection_event
    ADD CONSTRAINT connection_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY declared_drop
    ADD CONSTRAINT declared_drop_pkey PRIMARY KEY (id);

ALTER TABLE ONLY device
    ADD CONSTRAINT device_name_key UNIQUE (name);

ALTER TABLE ONLY device
    ADD CONSTRAINT device_pkey PRIMARY KEY (id);

ALTER TABLE ONLY gateway_lease
    ADD CONSTRAINT gateway_lease_pkey PRIMARY KEY (name);

ALTER TABLE ONLY idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key);

ALTER TABLE ONLY incident
    ADD CONSTRAINT incident_pkey PRIMARY KEY (id);

ALTER TABLE ONLY intake_rate
    ADD CONSTRAINT intake_rate_pkey PRIMARY KEY (gateway);

ALTER TABLE ONLY latest
    ADD CONSTRAINT latest_pkey PRIMARY KEY (series_id);

ALTER TABLE ONLY lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);

ALTER TABLE ONLY partition_written
    ADD CONSTRAINT partition_written_pkey PRIMARY KEY (name);

ALTER TABLE ONLY plain_setting
    ADD CONSTRAINT plain_setting_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY plain_skipped
    ADD CONSTRAINT plain_skipped_pkey PRIMARY KEY (device_id, name);

ALTER TABLE ONLY quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (id);

ALTER TABLE ONLY quarantine_reason
    ADD CONSTRAINT quarantine_reason_key_key UNIQUE (key);

ALTER TABLE ONLY quarantine_reason
    ADD CONSTRAINT quarantine_reason_pkey PRIMARY KEY (id);

ALTER TABLE ONLY refusal
    ADD CONSTRAINT refusal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY removal
    ADD CONSTRAINT removal_pkey PRIMARY KEY (id);

ALTER TABLE ONLY retained
    ADD CONSTRAINT retained_pkey PRIMARY KEY (level);

ALTER TABLE ONLY retention_setting
    ADD CONSTRAINT retention_setting_pkey PRIMARY KEY (single);

ALTER TABLE ONLY rollup_hour
    ADD CONSTRAINT rollup_hour_pkey PRIMARY KEY (series_id, t0, id);

ALTER TABLE ONLY rollup_minute
    ADD CONSTRAINT rollup_minute_pkey PRIMARY KEY (series_id, t0, id);

ALTER TABLE ONLY saved_object
    ADD CONSTRAINT saved_object_pkey PRIMARY KEY (id);

ALTER TABLE ONLY saved_object_version
    ADD CONSTRAINT saved_object_version_pkey PRIMARY KEY (object_id, version);

ALTER TABLE ONLY schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY series
    ADD CONSTRAINT series_device_id_name_type_key UNIQUE (device_id, name, type);

ALTER TABLE ONLY series_display
    ADD CONSTRAINT series_display_pkey PRIMARY KEY (series_id);

ALTER TABLE ONLY series
    ADD CONSTRAINT series_pkey PRIMARY KEY (id);

ALTER TABLE ONLY service_day
    ADD CONSTRAINT service_day_pkey PRIMARY KEY (service, day);

ALTER TABLE ONLY service_outage
    ADD CONSTRAINT service_outage_pkey PRIMARY KEY (id);

ALTER TABLE ONLY service_watch
    ADD CONSTRAINT service_watch_pkey PRIMARY KEY (service);

ALTER TABLE ONLY shard
    ADD CONSTRAINT shard_pkey PRIMARY KEY (id);

ALTER TABLE ONLY share_link
    ADD CONSTRAINT share_link_pkey PRIMARY KEY (id);

ALTER TABLE ONLY share_link
    ADD CONSTRAINT share_link_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY stream
    ADD CONSTRAINT stream_pkey PRIMARY KEY (device_id, epoch);

ALTER TABLE ONLY unfolded
    ADD CONSTRAINT unfolded_pkey PRIMARY KEY (series_id, day);

ALTER TABLE ONLY unreadable
    ADD CONSTRAINT unreadable_pkey PRIMARY KEY (device_id, pos);

CREATE INDEX annotation_device ON annotation USING btree (device_id, t);

CREATE INDEX annotation_series ON annotation USING btree (series_id) WHERE (series_id IS NOT NULL);

CREATE INDEX annotation_time ON annotation USING btree (t, id);

CREATE INDEX audit_actor ON audit USING btree (actor, n);

CREATE INDEX audit_kind ON audit USING btree (kind, n);

CREATE INDEX audit_target ON audit USING btree (target, n);

CREATE INDEX batch_time ON ONLY batch USING btree (device_id, t_max);

CREATE INDEX batch_default_device_id_t_max_idx ON batch_default USING btree (device_id, t_max);

CREATE INDEX chunk_stream ON ONLY chunk USING btree (device_id, epoch);

CREATE INDEX command_accepted ON command USING btree (answered_at) WHERE (outcome = 'accepted'::text);

CREATE INDEX connection_event_at ON connection_event USING btree (at);

CREATE INDEX connection_event_device ON connection_event USING btree (device_id, id);

CREATE INDEX declared_drop_stream ON declared_drop USING btree (device_id, epoch);

CREATE INDEX idempotency_started ON idempotency USING btree (started);

CREATE INDEX incident_started ON incident USING btree (started_at, id);

CREATE INDEX quarantine_of_reason ON quarantine USING btree (reason_id, id DESC);

CREATE INDEX quarantine_reason_last ON quarantine_reason USING btree (last DESC, id DESC);

CREATE INDEX quarantine_reason_of_device ON quarantine_reason USING btree (device, last DESC, id DESC);

CREATE INDEX refusal_stream ON refusal USING btree (device_id, epoch);

CREATE INDEX refusal_unconfirmed ON refusal USING btree (device_id, epoch, lo) WHERE (unconfirmed IS NOT NULL);

CREATE INDEX removal_stream ON removal USING btree (device_id, epoch);

CREATE INDEX saved_object_owner ON saved_object USING btree (kind, owner);

CREATE INDEX saved_object_shared ON saved_object USING btree (kind) WHERE shared;

CREATE INDEX service_outage_since ON service_outage USING btree (since);

CREATE INDEX share_link_object ON share_link USING btree (object_id, created_at);

CREATE INDEX stream_device ON stream USING btree (device_id, ord DESC, epoch);

CREATE INDEX stream_newest ON stream USING btree (device_id, ord DESC, epoch) WHERE ((stored_n + refused_n) > 0);

ALTER INDEX batch_time ATTACH PARTITION batch_default_device_id_t_max_idx;

ALTER INDEX batch_pkey ATTACH PARTITION batch_default_pkey;

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER plain_setting_changed BEFORE UPDATE ON plain_setting FOR EACH ROW WHEN ((new.version = old.version)) EXECUTE FUNCTION count_plain_setting_change();

ALTER TABLE ONLY annotation
    ADD CONSTRAINT annotation_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY annotation
    ADD CONSTRAINT annotation_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id);

ALTER TABLE ONLY catalog
    ADD CONSTRAINT catalog_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY compaction
    ADD CONSTRAINT compaction_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY connection_event
    ADD CONSTRAINT connection_event_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id) ON DELETE CASCADE;

ALTER TABLE ONLY latest
    ADD CONSTRAINT latest_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id);

ALTER TABLE ONLY plain_setting
    ADD CONSTRAINT plain_setting_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY plain_skipped
    ADD CONSTRAINT plain_skipped_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY saved_object_version
    ADD CONSTRAINT saved_object_version_object_id_fkey FOREIGN KEY (object_id) REFERENCES saved_object(id) ON DELETE CASCADE;

ALTER TABLE ONLY series
    ADD CONSTRAINT series_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);

ALTER TABLE ONLY series_display
    ADD CONSTRAINT series_display_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id);

ALTER TABLE ONLY share_link
    ADD CONSTRAINT share_link_object_id_fkey FOREIGN KEY (object_id) REFERENCES saved_object(id) ON DELETE CASCADE;

ALTER TABLE ONLY stream
    ADD CONSTRAINT stream_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id);
