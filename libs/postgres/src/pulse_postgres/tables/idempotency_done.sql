-- Set in the transaction of the change: a request whose answer was lost is not done again.
ALTER TABLE idempotency ADD COLUMN done boolean NOT NULL DEFAULT false;
