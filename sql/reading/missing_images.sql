-- missing_images: current images that this run did not see, although their listings were read to the end, and that are due to
-- be asked for.
-- One row per image: the listings that showed it until now, sorted; if none did, the last listing that had shown it. If an
-- image is in no listing but answered by id before, it is due after 1, 2, 4, 8, 16, 32, 64, 96 ... full runs without it, at
-- most $most_asked_again of them at once. If the last question failed, it is due until it has an answer.
-- The query works in steps: two hash tables of a million images at once would not fit into the load's memory.
WITH unseen AS MATERIALIZED (
    SELECT version.id
    FROM image_versions AS version
    ANTI JOIN incoming ON incoming.id = version.id
    WHERE version.cloud = $cloud AND version.seen_to IS NULL
),

memberships AS MATERIALIZED (
    SELECT membership.id, list(membership.listing ORDER BY membership.listing) AS listings
    FROM listing_memberships AS membership
    SEMI JOIN unseen ON unseen.id = membership.id
    WHERE membership.cloud = $cloud AND membership.seen_to IS NULL
    GROUP BY membership.id
),

full_runs AS MATERIALIZED (
    SELECT started_at, row_number() OVER (ORDER BY started_at) AS number
    FROM runs
    SEMI JOIN (SELECT run_id FROM run_listings WHERE cloud = $cloud AND complete) AS readings
        ON readings.run_id = runs.run_id
    WHERE mode = 'full'
),

known AS MATERIALIZED (
    SELECT
        missed.id,
        missed.answered_at,
        missed.is_withheld,
        (SELECT count(*) FROM full_runs) - missed_in.number + 2 AS runs_missed,
        coalesce(answered_in.number - missed_in.number + 1, 0) AS runs_missed_at_answer
    FROM unlisted_images AS missed
    LEFT JOIN full_runs AS missed_in ON missed_in.started_at = missed.missed_from
    LEFT JOIN full_runs AS answered_in ON answered_in.started_at = missed.answered_at
    WHERE missed.cloud = $cloud
),

due AS MATERIALIZED (
    SELECT unseen.id, memberships.listings, known.id IS NOT NULL AS is_known, known.answered_at, known.is_withheld
    FROM unseen
    LEFT JOIN memberships ON memberships.id = unseen.id
    LEFT JOIN known ON known.id = unseen.id
    WHERE list_has_any(memberships.listings, $whole_listings)
        OR (
            memberships.id IS NULL
            AND (
                known.runs_missed IS NULL
                OR known.runs_missed_at_answer < list_max(
                    list_filter([1, 2, 4, 8, 16, known.runs_missed // 32 * 32], lambda due_at: due_at <= known.runs_missed)
                )
            )
        )
    QUALIFY memberships.id IS NOT NULL
        OR row_number() OVER (PARTITION BY memberships.id IS NULL ORDER BY known.answered_at NULLS FIRST, unseen.id)
        <= $most_asked_again
)

SELECT
    due.id,
    coalesce(due.listings, []) AS listings,
    last_memberships.listing AS last_listing,
    due.is_known,
    due.answered_at IS NOT NULL AS has_answered,
    coalesce(due.is_withheld, false) AS is_withheld
FROM due
LEFT JOIN (
    SELECT membership.id, arg_max(membership.listing, membership.seen_to) AS listing
    FROM listing_memberships AS membership
    SEMI JOIN (SELECT id FROM due WHERE listings IS NULL) AS unlisted ON unlisted.id = membership.id
    WHERE membership.cloud = $cloud
    GROUP BY membership.id
) AS last_memberships
    ON last_memberships.id = due.id
