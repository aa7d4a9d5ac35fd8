-- rows_of_source: the ends of maintenance that come from this source.
-- One row per product and release cycle.
SELECT
    product,
    cycle,
    codename,
    released::VARCHAR AS released,
    ends::VARCHAR AS ends,
    extended_ends::VARCHAR AS extended_ends,
    has_ended,
    spelling
FROM end_of_life
WHERE source = $source
