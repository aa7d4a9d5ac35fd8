-- name_renewals: How often is each public name renewed, and which names are overdue?
-- One row per cloud, project and name of a public image: overdue names first, longest without renewal first. Names that differ only
-- in a date, `old` or `prev` at their end are one name, as in image_promises: `Debian 12 20260105` counts as `Debian 12`. If the
-- image promises a replace_frequency (SCS-0102), its name is overdue 3 days after that time. If it promises none, its name is
-- overdue when the image is more than 1.5 times as old as the longest time between two images of the name so far. Days are UTC.
-- $on = today: the day to judge by
WITH asked AS (
    SELECT $on::DATE AS judged_on
),

names AS (
    SELECT
        *,
        coalesce(created_at, named_from)::DATE AS since,
        regexp_replace(name, ' ([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|old|prev)$', '') AS line
    FROM image_names
),

named_images AS (
    SELECT names.cloud, names.owner, names.line, names.id, min(names.since) AS since
    FROM names
    SEMI JOIN (SELECT cloud, id FROM image_versions WHERE visibility = 'public') AS public
        ON public.cloud = names.cloud AND public.id = names.id
    SEMI JOIN (FROM names WHERE named_to IS NULL) AS there
        ON there.cloud = names.cloud AND there.owner IS NOT DISTINCT FROM names.owner AND there.line = names.line
    GROUP BY names.cloud, names.owner, names.line, names.id
),

spans AS (
    SELECT *, date_diff('day', lag(since) OVER (PARTITION BY cloud, owner, line ORDER BY since, id), since) AS days FROM named_images
),

renewals AS (
    SELECT
        cloud,
        owner,
        line,
        arg_max(id, since) AS id,
        count(*) - 1 AS renewals,
        median(days) AS usual_days,
        max(days) AS longest_days,
        max(since) AS last_on
    FROM spans
    GROUP BY cloud, owner, line
)

SELECT
    renewals.cloud,
    renewals.line AS name, -- The name, without a date, `old` or `prev` at its end.
    renewals.id, -- The newest image that has it.
    renewals.renewals, -- How often a newer image took the name; 0: there was only one image.
    renewals.usual_days, -- Median of the days from one image of the name to the next; NULL: there was no renewal.
    renewals.last_on, -- Day on which the newest image was created, or first seen with the name.
    date_diff('day', renewals.last_on, asked.judged_on) AS days, -- Days since then.
    promises.value AS promised, -- The image's replace_frequency; NULL: it promises none.
    if(
        promises.value IS NULL,
        date_diff('day', renewals.last_on, asked.judged_on) > 1.5 * renewals.longest_days,
        asked.judged_on > promises.due_on + 3
    ) AS is_overdue -- NULL: it cannot be judged: no promise and no renewal so far, or a promise without a day, such as never.
FROM renewals
CROSS JOIN asked
LEFT JOIN (
    FROM image_promises WHERE promise = 'replace_frequency' AND promised_to IS NULL
) AS promises
    ON promises.cloud = renewals.cloud AND promises.id = renewals.id
ORDER BY coalesce(is_overdue, false) DESC, days DESC, renewals.cloud, renewals.line
