-- expand
-- What a search for series looks in: names and units in lower case, without accents. Needs a database in UTF-8.
ALTER TABLE device ADD COLUMN search_text text GENERATED ALWAYS AS (regexp_replace(
    normalize(lower(name || ' ' || coalesce(given_name, '') || ' ' || display_name), NFD),
    U&'[\0300-\036F]', '', 'g'
)) STORED;
ALTER TABLE series ADD COLUMN search_text text GENERATED ALWAYS AS (regexp_replace(
    normalize(lower(
        name || ' ' || coalesce(given_name, '') || ' ' || display_name || ' ' || coalesce(given_unit, '') || ' ' || unit
    ), NFD),
    U&'[\0300-\036F]', '', 'g'
)) STORED;
