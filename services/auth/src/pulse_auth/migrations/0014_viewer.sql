-- expand
-- The third role. A service of the previous release reads such an account, but it creates none.

ALTER TABLE account DROP CONSTRAINT account_role_check;
ALTER TABLE account ADD CONSTRAINT account_role_check CHECK (role IN ('admin', 'user', 'viewer'));
