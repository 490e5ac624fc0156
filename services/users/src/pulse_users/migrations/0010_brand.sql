-- expand
-- The name, colour and logo of the pages, if administrators have changed them: at most one row. null: the product's own.

CREATE TABLE brand (
    single          boolean PRIMARY KEY DEFAULT true CHECK (single),
    version         bigint NOT NULL CHECK (version > 1),
    name            text CHECK (char_length(name) BETWEEN 1 AND 60),
    accent_light    text CHECK (accent_light ~ '^#[0-9a-f]{6}$'),
    accent_dark     text CHECK (accent_dark ~ '^#[0-9a-f]{6}$'),
    logo            bytea CHECK (octet_length(logo) BETWEEN 1 AND 262144),
    logo_type       text CHECK (logo_type IN ('image/png', 'image/jpeg', 'image/webp')),
    updated_at      timestamptz NOT NULL,
    updated_by      text,
    updated_by_name text NOT NULL,
    CHECK ((accent_light IS NULL) = (accent_dark IS NULL)),
    CHECK ((logo IS NULL) = (logo_type IS NULL))
);
ALTER TABLE brand ALTER COLUMN logo SET STORAGE EXTERNAL;
