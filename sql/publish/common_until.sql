-- common_until: the time up to which the history in `previous`, the copy before, is still that of the warehouse.
-- One row, or none if the history was rewritten: by a replay, a rename, or another schema. UTC. It is the start of the first
-- run that the copy does not know as it is now. What a run changes has the start of that run, and other machines may load an
-- earlier run later.
WITH news AS (
    SELECT ours.started_at, ours.mode
    FROM warehouse.runs AS ours
    ANTI JOIN (FROM previous.runs WHERE status <> 'running') AS known
        ON known.run_id = ours.run_id
        AND known.started_at = ours.started_at
        AND known.mode = ours.mode
        AND known.status = ours.status
    UNION ALL
    SELECT known.started_at, known.mode
    FROM previous.runs AS known
    ANTI JOIN warehouse.runs AS ours ON ours.run_id = known.run_id AND ours.started_at = known.started_at
),

since AS (
    SELECT min(started_at) AS started_at, count(*) FILTER (WHERE mode IN ('replay', 'rename')) AS rewritings FROM news
)

SELECT started_at AS until
FROM since
WHERE rewritings = 0
    AND started_at IS NOT NULL
    AND (SELECT list((name, fingerprint) ORDER BY name) FROM warehouse.schema_migrations)
    = (SELECT list((name, fingerprint) ORDER BY name) FROM previous.schema_migrations)
    AND (
        SELECT (count(*), count(seen_to) FILTER (WHERE seen_to < since.started_at))
        FROM warehouse.image_versions WHERE seen_from < since.started_at
    ) = (
        SELECT (count(*), count(seen_to) FILTER (WHERE seen_to < since.started_at))
        FROM previous.image_versions WHERE seen_from < since.started_at
    )
