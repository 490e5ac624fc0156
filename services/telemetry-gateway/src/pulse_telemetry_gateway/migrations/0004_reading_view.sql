-- What anyone may SELECT: single readings and roll-ups, and whose they are. docs/guides/sql.md shows how.

-- Readings that are in chunks. The newest come when compaction has run: PULSE_COMPACTION_LAG (30 s) after they came.
-- A condition on `ts` alone unpacks every chunk of the series; `reading_between` unpacks those of its span only.
CREATE VIEW reading AS
SELECT c.series_id,
       d.name AS device,
       s.name,
       to_timestamp(0) + (c.t0 + round(c.t_step * u.i)::bigint + coalesce(u.t2, u.t4, u.t8, 0)) * interval '1 microsecond' AS ts,
       coalesce(u.vf, (c.v0 + round(c.v_step * u.i)::bigint + coalesce(u.v2, u.v4, u.v8, 0))::float8 / c.divisor) AS value,
       CASE WHEN s.type <> 'float'
            THEN c.v0 + round(c.v_step * u.i)::bigint + coalesce(u.v2, u.v4, u.v8, 0) END AS value_int,
       s.type,
       s.unit,
       c.epoch,
       c.q0 + round(c.q_step * u.i)::bigint + coalesce(u.q2, u.q4, u.q8, 0) AS seq,
       c.t0 + round(c.t_step * u.i)::bigint + coalesce(u.t2, u.t4, u.t8, 0) AS t,
       c.t0 AS chunk_t0,
       c.t1 AS chunk_t1
FROM chunk c
JOIN series s ON s.id = c.series_id
JOIN device d ON d.id = c.device_id
CROSS JOIN LATERAL ROWS FROM (
    generate_series(0, c.n - 1),
    unnest(c.t2), unnest(c.t4), unnest(c.t8),
    unnest(c.q2), unnest(c.q4), unnest(c.q8),
    unnest(c.v2), unnest(c.v4), unnest(c.v8),
    unnest(c.vf)
) AS u (i, t2, t4, t8, q2, q4, q8, v2, v4, v8, vf);
COMMENT ON VIEW reading IS 'One row per reading that is in chunks; the newest are about PULSE_COMPACTION_LAG old';

-- The readings of [since, until) without unpacking others: a chunk lies within one UTC day.
CREATE FUNCTION reading_between(since timestamptz, until timestamptz) RETURNS SETOF reading
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM reading
    WHERE chunk_t0 >= (extract(epoch FROM since) * 1000000)::bigint - 86400000000
      AND chunk_t0 < (extract(epoch FROM until) * 1000000)::bigint
      AND chunk_t1 >= (extract(epoch FROM since) * 1000000)::bigint
      AND ts >= since AND ts < until;
END;

-- Roll-ups, one row per series and bucket. A bucket that late data re-opened may lie in several rows of the table.
CREATE VIEW reading_minute AS
SELECT r.series_id, d.name AS device, s.name, s.unit,
       to_timestamp(0) + (r.t0 + u.slot::bigint * 60000000) * interval '1 microsecond' AS ts,
       sum(u.n)::bigint AS n,
       min(coalesce(u.f_min, u.i_min::float8)) AS min,
       max(coalesce(u.f_max, u.i_max::float8)) AS max,
       (sum(u.sum::numeric) / sum(u.n))::float8 AS mean,
       (array_agg(coalesce(u.f_first, u.i_first::float8) ORDER BY u.t_first))[1] AS first,
       (array_agg(coalesce(u.f_last, u.i_last::float8) ORDER BY u.t_last DESC))[1] AS last
FROM rollup_minute r
JOIN series s ON s.id = r.series_id
JOIN device d ON d.id = s.device_id
CROSS JOIN LATERAL ROWS FROM (
    unnest(r.slot), unnest(r.n), unnest(r.sum), unnest(r.t_first), unnest(r.t_last),
    unnest(r.f_first), unnest(r.f_last), unnest(r.f_min), unnest(r.f_max),
    unnest(r.i_first), unnest(r.i_last), unnest(r.i_min), unnest(r.i_max)
) AS u (slot, n, sum, t_first, t_last, f_first, f_last, f_min, f_max, i_first, i_last, i_min, i_max)
GROUP BY r.series_id, d.name, s.name, s.unit, r.t0, u.slot;

CREATE VIEW reading_hour AS
SELECT r.series_id, d.name AS device, s.name, s.unit,
       to_timestamp(0) + (r.t0 + u.slot::bigint * 3600000000) * interval '1 microsecond' AS ts,
       sum(u.n)::bigint AS n,
       min(coalesce(u.f_min, u.i_min::float8)) AS min,
       max(coalesce(u.f_max, u.i_max::float8)) AS max,
       (sum(u.sum::numeric) / sum(u.n))::float8 AS mean,
       (array_agg(coalesce(u.f_first, u.i_first::float8) ORDER BY u.t_first))[1] AS first,
       (array_agg(coalesce(u.f_last, u.i_last::float8) ORDER BY u.t_last DESC))[1] AS last
FROM rollup_hour r
JOIN series s ON s.id = r.series_id
JOIN device d ON d.id = s.device_id
CROSS JOIN LATERAL ROWS FROM (
    unnest(r.slot), unnest(r.n), unnest(r.sum), unnest(r.t_first), unnest(r.t_last),
    unnest(r.f_first), unnest(r.f_last), unnest(r.f_min), unnest(r.f_max),
    unnest(r.i_first), unnest(r.i_last), unnest(r.i_min), unnest(r.i_max)
) AS u (slot, n, sum, t_first, t_last, f_first, f_last, f_min, f_max, i_first, i_last, i_min, i_max)
GROUP BY r.series_id, d.name, s.name, s.unit, r.t0, u.slot;

CREATE VIEW reading_device AS SELECT id AS device_id, name AS device, display_name, online, last_seen FROM device;
CREATE VIEW reading_series AS
SELECT s.id AS series_id, d.name AS device, s.name, s.type, s.unit, s.display_name
FROM series s JOIN device d ON d.id = s.device_id;

-- The group role `telemetry_reader` may read these and nothing else. Provisioning makes the role (this one may not); where it
-- was made later: SELECT telemetry.grant_reader().
CREATE FUNCTION grant_reader() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'telemetry_reader') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO telemetry_reader', current_schema());
        GRANT SELECT ON reading, reading_minute, reading_hour, reading_device, reading_series TO telemetry_reader;
        GRANT EXECUTE ON FUNCTION reading_between TO telemetry_reader;
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION grant_reader FROM PUBLIC;
SELECT grant_reader();
