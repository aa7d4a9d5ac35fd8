-- shown: one cloud's images at a time, with the values by which listings are chosen, filtered and sorted.
-- One row per image; `version` is its row in image_versions. Times are UTC.
-- Only a listing says whose share an image is, and how that was answered; the image does not.
CREATE TABLE memory.shown AS
WITH memberships AS (
    SELECT
        id,
        bool_or(listing IN ('private', 'shared-out')) AS in_own,
        bool_or(listing IN ('public', 'market', 'community')) AS in_open,
        bool_or(listing = 'shared-accepted') AS is_accepted,
        bool_or(listing = 'shared-pending') AS is_pending,
        bool_or(listing = 'shared-rejected') AS is_rejected,
        bool_and(listing = 'hidden') AS is_hidden
    FROM copy.listing_memberships
    WHERE cloud = $cloud AND seen_from <= $at AND (seen_to IS NULL OR seen_to > $at)
    GROUP BY id
)

SELECT
    version.rowid AS version,
    version.id,
    version.name,
    version.status,
    version.visibility,
    version.owner,
    version.disk_format,
    version.container_format,
    version.size,
    version.created_at,
    version.updated_at,
    memberships.id IS NOT NULL AS is_listed,
    coalesce(memberships.in_own OR version.owner = $project_id, memberships.in_own, false) AS is_own,
    coalesce(memberships.in_open OR version.visibility IN ('public', 'community'), memberships.in_open, false) AS is_open,
    coalesce(memberships.is_accepted, false) AS is_accepted,
    coalesce(memberships.is_pending, false) AS is_pending,
    coalesce(memberships.is_rejected, false) AS is_rejected,
    coalesce(memberships.is_accepted OR memberships.is_pending OR memberships.is_rejected, false) AS is_received,
    coalesce(memberships.is_hidden, false) AS is_hidden,
    coalesce(memberships.is_hidden OR version.os_hidden, memberships.is_hidden, false) AS says_hidden
FROM copy.image_versions AS version
LEFT JOIN memberships ON memberships.id = version.id
WHERE version.cloud = $cloud AND version.seen_from <= $at AND (version.seen_to IS NULL OR version.seen_to > $at)
