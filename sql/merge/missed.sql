-- missed: the images that stay current although this run's complete listings did not show them.
-- One row per image. Temporary tables with a row per id: answered (by id), waiting (for another full reading), too_many
-- (withheld, because too many vanished at once). Also images that left a listing, are in no other one, and are not gone.
CREATE OR REPLACE TEMP TABLE missed AS
WITH lost AS (
    SELECT DISTINCT ended.id
    FROM ended_memberships AS ended
    ANTI JOIN gone ON gone.id = ended.id
),

open_memberships AS (
    SELECT membership.id
    FROM listing_memberships AS membership
    SEMI JOIN lost ON lost.id = membership.id
    WHERE membership.cloud = $cloud AND membership.seen_to IS NULL
),

found AS (
    SELECT id, $started_at::TIMESTAMP AS answered_at, false AS is_withheld FROM answered
    UNION ALL
    SELECT id, NULL, false FROM waiting
    UNION ALL
    SELECT id, NULL, true FROM too_many
    UNION ALL
    SELECT lost.id, NULL, false
    FROM lost
    ANTI JOIN open_memberships ON open_memberships.id = lost.id
)

SELECT id, max(answered_at) AS answered_at, bool_and(is_withheld) AS is_withheld
FROM found
GROUP BY id
