-- expand
-- How a person wants the pages to look. No row: the defaults, which are version 1.

CREATE TABLE preferences (
    account       uuid PRIMARY KEY REFERENCES account (id),
    version       bigint NOT NULL CHECK (version > 1),
    language      text CHECK (language IN ('en', 'de')),
    theme         text NOT NULL CHECK (theme IN ('system', 'light', 'dark')),
    time_zone     text CHECK (char_length(time_zone) BETWEEN 1 AND 64),
    decimal_sign  text NOT NULL CHECK (decimal_sign IN ('language', 'point', 'comma'))
);
