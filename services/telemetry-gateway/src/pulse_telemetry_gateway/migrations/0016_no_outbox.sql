-- The gateway never wrote an event to it.
DROP TABLE outbox;
