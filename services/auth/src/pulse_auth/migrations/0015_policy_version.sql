-- expand
-- The version of the policy: a change that is based on an older one is rejected. The trigger counts the changes of the
-- previous release, which does not know the version.

ALTER TABLE policy
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN updated_by text,
    ADD COLUMN updated_by_name text NOT NULL DEFAULT '';

CREATE FUNCTION count_policy_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := NULL;
    NEW.updated_by_name := '';
    RETURN NEW;
END $$;

CREATE TRIGGER policy_changed BEFORE UPDATE ON policy FOR EACH ROW WHEN (NEW.version = OLD.version)
    EXECUTE FUNCTION count_policy_change();
