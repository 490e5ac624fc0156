-- When a used refresh token first came again later than two tabs and a retry do. Two rotations in a row with that: a thief and
-- the owner live side by side.
ALTER TABLE refresh_token ADD COLUMN repeated_late timestamptz;
