-- expand
-- The system of units, and the saved views of lists: one array of views for each page. null: none.

ALTER TABLE preferences
    ADD COLUMN units text NOT NULL DEFAULT 'declared' CHECK (units IN ('declared', 'metric', 'imperial')),
    ADD COLUMN views jsonb CHECK (octet_length(views::text) <= 65536);
