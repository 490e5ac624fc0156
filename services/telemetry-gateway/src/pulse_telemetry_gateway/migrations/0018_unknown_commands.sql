-- contract
-- A command that a collector accepted, and whose outcome it did not report in time, gets the outcome 'unknown'.
ALTER TABLE command DROP CONSTRAINT command_outcome_check;
ALTER TABLE command ADD CONSTRAINT command_outcome_check
    CHECK (outcome IN ('accepted', 'refused', 'done', 'failed', 'unknown'));
CREATE INDEX command_accepted ON command (answered_at) WHERE outcome = 'accepted';
