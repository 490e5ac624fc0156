CREATE TABLE outbox (
    id         bigserial PRIMARY KEY,
    template   text NOT NULL,
    levels     text NOT NULL,
    message    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
