-- expand
-- What people save for the web pages, by kind: dashboards and questions of the explorer.
-- `version` is the newest row of `saved_object_version`, which holds the content. name, shared: of the newest version.
-- owner: the id of an account.
CREATE TABLE saved_object (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    shared     boolean NOT NULL,
    owner      text NOT NULL,
    owner_name text NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX saved_object_owner ON saved_object (kind, owner);
CREATE INDEX saved_object_shared ON saved_object (kind) WHERE shared;

-- content: JSON text. panels: how many panels a dashboard has; null for other kinds.
CREATE TABLE saved_object_version (
    object_id       uuid NOT NULL REFERENCES saved_object ON DELETE CASCADE,
    version         bigint NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    shared          boolean NOT NULL,
    content         text NOT NULL CHECK (octet_length(content) <= 524288),
    panels          integer,
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL,
    updated_by_name text NOT NULL,
    PRIMARY KEY (object_id, version)
);
