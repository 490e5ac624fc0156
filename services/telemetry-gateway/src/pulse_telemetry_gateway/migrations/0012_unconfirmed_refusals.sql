-- A refusal is told until the collector has confirmed that its own quarantine holds the reading. Rows from before were told once.
ALTER TABLE refusal
    ADD COLUMN lo          bigint,                    -- the first sequence number of the row; its last is less than 10,000 above
    ADD COLUMN unconfirmed bigint[];                  -- those of `seqs` that the collector has not confirmed; NULL: none
CREATE INDEX refusal_unconfirmed ON refusal (device_id, epoch, lo) WHERE unconfirmed IS NOT NULL;
ALTER TABLE stream ADD COLUMN unconfirmed_n bigint NOT NULL DEFAULT 0;
