-- expand
-- embeddable: pages of other origins may show the link in a frame, where the installation allows their origin.
-- last_used_at: at most a minute before the newest use; NULL: never used.
ALTER TABLE share_link ADD COLUMN embeddable boolean NOT NULL DEFAULT false;
ALTER TABLE share_link ADD COLUMN last_used_at timestamptz;
