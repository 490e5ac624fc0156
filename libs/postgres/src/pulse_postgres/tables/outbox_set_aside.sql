-- Events that can never be published. The relay moves them here, so that they do not block the events behind them.
CREATE TABLE outbox_set_aside (
    id           bigint PRIMARY KEY,
    template     text NOT NULL,
    levels       text NOT NULL,
    message      text NOT NULL,
    created_at   timestamptz NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now(),
    reason       text NOT NULL
);
