-- expand
-- The version that users has since its database alone was restored from a backup. NULL: users has `src`. 0: users does
-- not have the account.
ALTER TABLE account ADD COLUMN at_users bigint;
