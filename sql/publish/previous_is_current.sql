-- previous_is_current: whether `previous`, the copy before, has the warehouse's whole history, but for its runs.
-- One row. Whatever a run changes has that run's start; what changes otherwise is a replay, a rename, or a new schema.
-- As texts, and not by subqueries in one row: DuckDB takes three times as long to plan that.
SELECT bool_and(states = 1) AS is_current
FROM (
    SELECT count(DISTINCT state) AS states
    FROM (
        SELECT
            'versions' AS what,
            (count(*), count(seen_to), max(seen_from), max(seen_to), count_if(state = 'unlisted'))::VARCHAR AS state
        FROM warehouse.image_versions
        UNION ALL
        SELECT
            'versions',
            (count(*), count(seen_to), max(seen_from), max(seen_to), count_if(state = 'unlisted'))::VARCHAR
        FROM previous.image_versions
        UNION ALL
        SELECT 'memberships', (count(*), count(seen_to), max(seen_from), max(seen_to))::VARCHAR
        FROM warehouse.listing_memberships
        UNION ALL
        SELECT 'memberships', (count(*), count(seen_to), max(seen_from), max(seen_to))::VARCHAR
        FROM previous.listing_memberships
        UNION ALL
        SELECT 'rewritings', count(*)::VARCHAR FROM warehouse.runs WHERE mode IN ('replay', 'rename')
        UNION ALL
        SELECT 'rewritings', count(*)::VARCHAR FROM previous.runs WHERE mode IN ('replay', 'rename')
        UNION ALL
        SELECT 'schema', list((name, fingerprint) ORDER BY name)::VARCHAR FROM warehouse.schema_migrations
        UNION ALL
        SELECT 'schema', list((name, fingerprint) ORDER BY name)::VARCHAR FROM previous.schema_migrations
    )
    GROUP BY what
)
