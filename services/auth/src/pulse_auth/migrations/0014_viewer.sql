-- expand
-- The third role. The previous release runs on this schema as long as no account has the role. Before you go back to it,
-- give viewers another role (docs/guides/operations.md, "Going back").

ALTER TABLE account DROP CONSTRAINT account_role_check;
ALTER TABLE account ADD CONSTRAINT account_role_check CHECK (role IN ('admin', 'user', 'viewer'));
