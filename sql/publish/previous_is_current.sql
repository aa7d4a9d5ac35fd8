-- previous_is_current: whether `previous`, the copy before, has the warehouse's whole history, except for its runs.
-- One row. What a run changes has the start of that run. Anything else that changes comes from a replay, a rename, or a new
-- schema.
SELECT
    (SELECT (count(*), count(seen_to), max(seen_from), max(seen_to), count_if(state = 'unlisted')) FROM warehouse.image_versions)
    = (SELECT (count(*), count(seen_to), max(seen_from), max(seen_to), count_if(state = 'unlisted')) FROM previous.image_versions)
    AND (SELECT (count(*), count(seen_to), max(seen_from), max(seen_to)) FROM warehouse.listing_memberships)
    = (SELECT (count(*), count(seen_to), max(seen_from), max(seen_to)) FROM previous.listing_memberships)
    AND (SELECT count(*) FROM warehouse.runs WHERE mode IN ('replay', 'rename'))
    = (SELECT count(*) FROM previous.runs WHERE mode IN ('replay', 'rename'))
    AND (SELECT list((name, fingerprint) ORDER BY name) FROM warehouse.schema_migrations)
    = (SELECT list((name, fingerprint) ORDER BY name) FROM previous.schema_migrations) AS is_current
