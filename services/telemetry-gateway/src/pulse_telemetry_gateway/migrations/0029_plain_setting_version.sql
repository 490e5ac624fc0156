-- expand
-- The version of a plain device's settings: a change that is based on an older one is rejected. A device without a row has
-- version 1. The trigger counts the changes of the previous release, which does not know the version.

ALTER TABLE plain_setting
    ADD COLUMN version bigint NOT NULL DEFAULT 2,
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN updated_by text,
    ADD COLUMN updated_by_name text NOT NULL DEFAULT '';

CREATE FUNCTION count_plain_setting_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := NULL;
    NEW.updated_by_name := '';
    RETURN NEW;
END $$;

CREATE TRIGGER plain_setting_changed BEFORE UPDATE ON plain_setting FOR EACH ROW WHEN (NEW.version = OLD.version)
    EXECUTE FUNCTION count_plain_setting_change();
