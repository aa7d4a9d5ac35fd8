-- image_promises: what providers promise for their public images (SCS-0102), and whether they kept it, as of the last reading.
-- One row per cloud, image, promise (replace_frequency, uuid_validity, provided_until) and value, for the time in which it was
-- stated. Times and days are UTC. A promise about a name is judged by all images that have the name, one after the other:
-- `Debian 12 20260105`, `Debian 12 old` and `Debian 12 prev` count as `Debian 12`. If images of different architectures have
-- one name, each architecture is judged by itself. A value that the standard does not have, such as a date that is not
-- YYYY-MM-DD, is no promise: the query incomplete_metadata has it. replace_frequency: a newer image gets the name in time after
-- the publication of this one; up to 3 days late is no breach. It applies until provided_until, and not at all if
-- provided_until is `none`. uuid_validity: the image is there for the time that was promised; `last-N`: as long as it is one of
-- the newest N with its name, until provided_until. provided_until: until that day some image has the name; gaps of up to 3 days
-- are no breach.
-- Case: public a name=N visibility=public created_at=2026-09-25T00:00:00Z replace_frequency=monthly uuid_validity=last-1
-- | public a name=N visibility=public created_at=2026-09-25T00:00:00Z replace_frequency=monthly uuid_validity=last-1,
-- b name=N visibility=public created_at=2026-11-02T09:00:00Z
-- SELECT id, promise, due_on, status, broken_from, replaced_by FROM image_promises
-- a, replace_frequency, 2026-10-25, broken, 2026-10-29 00:00:00, b
-- a, uuid_validity, NULL, kept, NULL, b
CREATE OR REPLACE VIEW image_promises AS
WITH readings AS MATERIALIZED (
    SELECT listings.cloud, runs.started_at
    FROM run_listings AS listings
    JOIN runs ON runs.run_id = listings.run_id
    WHERE listings.complete AND listings.listing = 'public'
),

judged AS (
    SELECT cloud, max(started_at) AS judged_at FROM readings GROUP BY cloud
),

promised AS MATERIALIZED (
    SELECT
        cloud,
        id,
        coalesce(owner, '') AS owner,
        name,
        created_at,
        architecture,
        seen_from,
        coalesce(seen_to, TIMESTAMP '9999-12-31') AS seen_to,
        end_reason,
        nullif(trim(lower(replace_frequency)), '') AS replace_frequency,
        nullif(trim(lower(uuid_validity)), '') AS uuid_validity,
        nullif(trim(lower(provided_until)), '') AS provided_until
    FROM image_versions
    WHERE visibility = 'public' AND (replace_frequency <> '' OR uuid_validity <> '' OR provided_until <> '')
),

promises AS (
    SELECT *, 'replace_frequency' AS promise, replace_frequency AS value FROM promised WHERE replace_frequency IS NOT NULL
    UNION ALL
    SELECT *, 'uuid_validity', uuid_validity FROM promised WHERE uuid_validity IS NOT NULL
    UNION ALL
    SELECT *, 'provided_until', provided_until FROM promised WHERE provided_until IS NOT NULL
),

begun AS (
    SELECT
        *,
        lag(value) OVER by_time IS DISTINCT FROM value OR lag(seen_to) OVER by_time IS DISTINCT FROM seen_from AS is_begun
    FROM promises
    WINDOW by_time AS (PARTITION BY cloud, id, promise ORDER BY seen_from)
),

numbered AS (
    SELECT *, count_if(is_begun) OVER (PARTITION BY cloud, id, promise ORDER BY seen_from) AS number FROM begun
),

-- A promise and the time in which it was stated; `ended_by` is empty while it is stated, `changed` if it was taken back.
stood AS (
    SELECT
        cloud,
        id,
        arg_min(owner, seen_from) AS owner,
        arg_min(name, seen_from) AS name,
        max(created_at) AS created_at,
        promise,
        value,
        if(promise <> 'replace_frequency' AND regexp_full_match(value, '[0-9]{4}-[0-9]{2}-[0-9]{2}'), try_cast(value AS DATE), NULL) AS day,
        arg_max(provided_until, seen_from) AS provided_until,
        if(
            regexp_full_match(arg_max(provided_until, seen_from), '[0-9]{4}-[0-9]{2}-[0-9]{2}'),
            try_cast(arg_max(provided_until, seen_from) AS DATE),
            NULL
        ) AS last_day,
        min(seen_from) AS promised_from,
        max(seen_to) AS promised_to,
        arg_max(coalesce(end_reason, ''), seen_from) AS ended_by
    FROM numbered
    GROUP BY cloud, id, promise, value, number
),

names AS MATERIALIZED (
    SELECT
        names.cloud,
        coalesce(names.owner, '') AS owner,
        names.name,
        regexp_replace(names.name, ' ([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|old|prev)$', '') AS line,
        names.id,
        names.created_at,
        names.architecture,
        names.named_from,
        coalesce(names.named_to, TIMESTAMP '9999-12-31') AS named_to
    FROM image_names AS names
    SEMI JOIN (SELECT cloud, coalesce(owner, '') AS owner FROM promised) AS promising
        ON promising.cloud = names.cloud AND promising.owner = coalesce(names.owner, '')
),

first_names AS (
    SELECT
        cloud,
        owner,
        id,
        arg_min(name, named_from) AS name,
        arg_min(line, named_from) AS line,
        max(created_at) AS created_at,
        max(architecture) AS architecture,
        min(named_from) AS named_from
    FROM names
    GROUP BY cloud, owner, id
),

-- An image that was there before it had its name counts as published when it got the name.
published AS (
    SELECT
        named.* EXCLUDE (architecture),
        if(kinds.has_architectures, coalesce(named.architecture, ''), '') AS architecture,
        if(named.created_at >= before.started_at OR before.started_at IS NULL, coalesce(named.created_at, named.named_from), named.named_from)
            AS published_at
    FROM first_names AS named
    JOIN (
        SELECT cloud, owner, line, min(architecture) <> max(architecture) AS has_architectures
        FROM first_names
        GROUP BY cloud, owner, line
    ) AS kinds
        ON kinds.cloud = named.cloud AND kinds.owner = named.owner AND kinds.line = named.line
    ASOF LEFT JOIN readings AS before ON before.cloud = named.cloud AND before.started_at < named.named_from
),

lines AS MATERIALIZED (
    SELECT
        *,
        lead(id) OVER by_time AS replaced_by,
        lead(published_at) OVER by_time AS replaced_at,
        row_number() OVER by_time AS place
    FROM published
    WINDOW by_time AS (PARTITION BY cloud, owner, line, architecture ORDER BY published_at, id)
),

-- When each image had the name of its line.
named_images AS (
    SELECT
        lines.cloud,
        lines.id,
        lines.owner,
        lines.line,
        lines.architecture,
        names.named_from,
        names.named_to
    FROM lines
    JOIN names
        ON names.cloud = lines.cloud AND names.owner = lines.owner AND names.id = lines.id AND names.name = lines.name
),

left_at AS (
    SELECT cloud, id, owner, line, architecture, max(named_to) AS left_at FROM named_images GROUP BY cloud, id, owner, line, architecture
),

gaps AS (
    SELECT
        gone.cloud,
        gone.id,
        gone.owner,
        gone.left_at,
        -- greatest ignores NULL.
        min(if(other.id IS NULL, NULL, greatest(other.named_from, gone.left_at))) AS next_at,
        arg_min(other.id, greatest(other.named_from, gone.left_at)) AS next_id
    FROM left_at AS gone
    LEFT JOIN named_images AS other
        ON other.cloud = gone.cloud
        AND other.owner = gone.owner
        AND other.line = gone.line
        AND other.architecture = gone.architecture
        AND other.named_to > gone.left_at
    WHERE gone.left_at < TIMESTAMP '9999-12-31'
    GROUP BY gone.cloud, gone.id, gone.owner, gone.left_at
),

facts AS (
    SELECT
        stood.*,
        coalesce(lines.line, stood.name) AS line,
        judged.judged_at,
        least(judged.judged_at, if(stood.ended_by = 'retired', stood.promised_to, TIMESTAMP '9999-12-31'))::DATE AS judged_on,
        lines.replaced_by,
        lines.replaced_at,
        coalesce(latest.place - lines.place, 0) AS newer,
        gaps.left_at,
        gaps.next_at,
        gaps.next_id,
        if(stood.promised_from <= lines.named_from, lines.published_at, stood.promised_from)::DATE AS counted_from,
        CASE stood.value
            WHEN 'daily' THEN INTERVAL 1 DAY
            WHEN 'weekly' THEN INTERVAL 7 DAY
            WHEN 'monthly' THEN INTERVAL 1 MONTH
            WHEN 'quarterly' THEN INTERVAL 3 MONTH
            WHEN 'yearly' THEN INTERVAL 1 YEAR
        END AS every
    FROM stood
    JOIN judged ON judged.cloud = stood.cloud
    LEFT JOIN lines ON lines.cloud = stood.cloud AND lines.owner = stood.owner AND lines.id = stood.id
    ASOF LEFT JOIN lines AS latest
        ON latest.cloud = lines.cloud
        AND latest.owner = lines.owner
        AND latest.line = lines.line
        AND latest.architecture = lines.architecture
        AND latest.published_at <= stood.promised_to
    LEFT JOIN gaps ON gaps.cloud = stood.cloud AND gaps.owner = stood.owner AND gaps.id = stood.id
    WHERE stood.value <> 'none'
        AND (stood.promise <> 'replace_frequency' OR (lines.id IS NOT NULL AND coalesce(stood.provided_until, '') <> 'none'))
        -- A value of the standard, for this promise.
        AND CASE stood.promise
            WHEN 'replace_frequency' THEN stood.value IN ('daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'critical_bug', 'never')
            WHEN 'uuid_validity'
                THEN stood.day IS NOT NULL OR stood.value IN ('notice', 'forever') OR regexp_full_match(stood.value, 'last-[0-9]{1,9}')
            ELSE stood.day IS NOT NULL OR stood.value = 'notice'
        END
),

dated AS (
    SELECT *, if(promise = 'replace_frequency', (counted_from + every)::DATE, day) AS due_on FROM facts
)

SELECT
    cloud, -- Name of the cloud, as in the settings.
    nullif(owner, '') AS owner, -- Project that owns the image.
    line AS name, -- The name that is promised, without a date or `old` or `prev` at its end.
    id, -- The image.
    promise, -- replace_frequency, uuid_validity or provided_until.
    value, -- What was promised.
    promised_from, -- Start of the run that first saw the promise. UTC.
    nullif(promised_to, TIMESTAMP '9999-12-31') AS promised_to, -- Start of the first run that no longer did; NULL: it is still stated. UTC.
    due_on, -- Day by which it must be replaced, without the days of grace; or until which it, or its name, must be there; NULL: no such day.
    CASE
        WHEN promise = 'replace_frequency' AND value = 'never' AND replaced_at < promised_to
            THEN if(last_day IS NULL, 'unknown', if(replaced_at::DATE <= last_day, 'broken', 'kept'))
        WHEN promise = 'replace_frequency'
            AND due_on <= coalesce(last_day, DATE '9999-12-31')
            AND coalesce(replaced_at::DATE, judged_on) > due_on + 3
            AND (ended_by <> 'changed' OR promised_to::DATE > due_on + 3)
            THEN 'broken'
        WHEN promise = 'uuid_validity' AND ended_by IN ('deleted', 'gone')
            THEN CASE
                WHEN value = 'notice' THEN 'unknown'
                WHEN value = 'forever' OR promised_to < day + 1 THEN 'broken'
                WHEN day IS NULL
                    AND newer < try_cast(substr(value, 6) AS INTEGER)
                    AND promised_to < coalesce(last_day, DATE '9999-12-30') + 1
                    THEN 'broken'
                ELSE 'kept'
            END
        WHEN promise = 'provided_until'
            AND left_at < coalesce(day, DATE '9999-12-30') + 1
            AND coalesce(next_at::DATE, judged_on) > left_at::DATE + 3
            AND (ended_by <> 'changed' OR promised_to > left_at)
            AND ended_by <> 'retired'
            THEN if(day IS NULL, 'unknown', 'broken')
        ELSE 'kept'
    END AS status, -- kept (so far), broken, or unknown: the catalogue does not show whether notice was given.
    CASE
        WHEN status <> 'broken' THEN NULL
        WHEN value = 'never' THEN replaced_at
        WHEN promise = 'replace_frequency' THEN (due_on + 4)::TIMESTAMP
        WHEN promise = 'uuid_validity' THEN promised_to
        ELSE left_at
    END AS broken_from, -- Since when it is broken; for ids and names, the start of the run that first missed them. UTC.
    if(promise = 'provided_until', next_id, replaced_by) AS replaced_by, -- The image that took its place, or its name; NULL: none did.
    if(promise = 'provided_until', next_at, replaced_at) AS replaced_at, -- When that was published, or first seen with the name. UTC.
    judged_at -- Start of the last run that read the public images to their end: later times are not judged. UTC.
FROM dated
