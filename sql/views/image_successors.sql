-- image_successors: which image took over the name of another image, whether that was renamed, hidden, deleted or left as it
-- was.
-- One row per cloud and image that no longer stands for its name. Times are UTC. Of the images with one name in one cloud and
-- project, the one that has the name now stands for it, or else the one that had it last. If there are several, it is the
-- newest. If images of different architectures have one name, each takes over only from images of its own architecture.
-- Case: public a name=N created_at=2026-10-01T00:00:00Z
-- | public a name=N-1 created_at=2026-10-01T00:00:00Z, b name=N created_at=2026-11-02T09:00:00Z
-- | public b name=N-2 created_at=2026-11-02T09:00:00Z, c name=N created_at=2026-11-03T09:00:00Z
-- SELECT id, name, replaced_by, replaced_at, successor FROM image_successors
-- a, N, b, 2026-11-03 02:00:00, c
-- b, N, c, 2026-11-04 02:00:00, c
CREATE OR REPLACE VIEW image_successors AS
WITH names AS MATERIALIZED (
    SELECT * REPLACE (coalesce(owner, '') AS owner) FROM image_names
),

lines AS (
    SELECT cloud, owner, name, min(architecture) <> max(architecture) AS has_architectures
    FROM names
    GROUP BY cloud, owner, name
    HAVING min(id) <> max(id)
),

named_images AS (
    SELECT
        names.cloud,
        names.owner,
        names.name,
        names.id,
        if(lines.has_architectures, max(names.architecture), NULL) AS architecture,
        coalesce(max(names.created_at), min(names.named_from)) AS created_at,
        max(names.named_from) AS named_from,
        max(coalesce(names.named_to, TIMESTAMP '9999-12-31')) AS named_to
    FROM names
    JOIN lines ON lines.cloud = names.cloud AND lines.owner = names.owner AND lines.name = names.name
    GROUP BY names.cloud, names.owner, names.name, names.id, lines.has_architectures
),

ranked AS (
    SELECT
        *,
        lead(id) OVER by_age AS next_id,
        lead(named_from) OVER by_age AS next_from,
        last_value(id) OVER by_end AS last_id,
        last_value(created_at) OVER by_end AS last_created_at,
        last_value(named_from) OVER by_end AS last_from
    FROM named_images
    WINDOW
        by_age AS (PARTITION BY cloud, owner, name, architecture ORDER BY created_at, named_from, id),
        by_end AS (
            PARTITION BY cloud, owner, name, architecture ORDER BY named_to, created_at, named_from, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
),

taken AS MATERIALIZED (
    SELECT
        cloud,
        id,
        name,
        owner,
        coalesce(next_id, last_id) AS replaced_by,
        coalesce(next_from, last_from) AS replaced_at,
        last_id AS successor
    FROM ranked
    WHERE last_id <> id
    QUALIFY row_number() OVER (PARTITION BY cloud, id ORDER BY last_created_at DESC, last_from DESC, name) = 1
),

-- Each step leads twice as far as the one before. A step that would lead an image back to itself (two images swapped their names) is not taken.
after_2 AS MATERIALIZED (
    SELECT here.cloud, here.id, coalesce(further.successor, here.successor) AS successor
    FROM taken AS here
    LEFT JOIN taken AS further ON further.cloud = here.cloud AND further.id = here.successor AND further.successor <> here.id
),

after_4 AS MATERIALIZED (
    SELECT here.cloud, here.id, coalesce(further.successor, here.successor) AS successor
    FROM after_2 AS here
    LEFT JOIN after_2 AS further ON further.cloud = here.cloud AND further.id = here.successor AND further.successor <> here.id
),

after_8 AS MATERIALIZED (
    SELECT here.cloud, here.id, coalesce(further.successor, here.successor) AS successor
    FROM after_4 AS here
    LEFT JOIN after_4 AS further ON further.cloud = here.cloud AND further.id = here.successor AND further.successor <> here.id
),

after_16 AS MATERIALIZED (
    SELECT here.cloud, here.id, coalesce(further.successor, here.successor) AS successor
    FROM after_8 AS here
    LEFT JOIN after_8 AS further ON further.cloud = here.cloud AND further.id = here.successor AND further.successor <> here.id
)

SELECT
    taken.cloud AS cloud, -- Name of the cloud, as in the settings.
    taken.id AS id, -- The image that was replaced.
    taken.name AS name, -- The name that another image took over.
    nullif(taken.owner, '') AS owner, -- Project that owned it then.
    taken.replaced_by AS replaced_by, -- The image that took the name over from this one.
    taken.replaced_at AS replaced_at, -- Start of the run that first saw that. UTC.
    ends.successor AS successor -- The image at the end of the chain of replacements: it stands for the name now, or did last.
FROM taken
JOIN after_16 AS ends ON ends.cloud = taken.cloud AND ends.id = taken.id
