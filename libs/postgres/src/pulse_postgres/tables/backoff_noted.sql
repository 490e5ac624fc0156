ALTER TABLE backoff ADD COLUMN noted timestamptz;
