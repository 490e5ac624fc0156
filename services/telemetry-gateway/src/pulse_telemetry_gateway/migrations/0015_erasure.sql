-- Readings, series and devices that people delete. The rows of device and series stay, hidden until the device sends again:
-- the ledger goes on counting what was stored and then removed, and programs that know their numbers do no harm.
ALTER TABLE device
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN given_name text;                       -- by people: stands above what the device says
ALTER TABLE series
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN given_name text,
    ADD COLUMN given_unit text;
