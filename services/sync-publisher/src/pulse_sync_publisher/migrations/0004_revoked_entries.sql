-- expand
-- While the copy of the accounts is not current, the sender looks for revocations only.
CREATE INDEX entry_revoked ON entry (device, seq) WHERE state = 'revoked';
