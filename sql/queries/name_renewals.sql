-- name_renewals: How often is each public name renewed, and which names are overdue?
-- One row per cloud, project and name of a public image: overdue names first, longest without renewal first. If the image
-- promises a replace_frequency (SCS-0102), its name is overdue 3 days after that time. If it promises none, its name is overdue
-- when the image is more than 1.5 times as old as the longest renewal took so far. Days are UTC.
-- $on = today: the day to judge by
WITH named_images AS (
    SELECT names.cloud, names.owner, names.name, names.id, min(coalesce(names.created_at, names.named_from))::DATE AS since
    FROM image_names AS names
    SEMI JOIN (SELECT cloud, id FROM image_versions WHERE visibility = 'public') AS public
        ON public.cloud = names.cloud AND public.id = names.id
    SEMI JOIN (FROM image_names WHERE named_to IS NULL) AS there
        ON there.cloud = names.cloud AND there.owner IS NOT DISTINCT FROM names.owner AND there.name = names.name
    GROUP BY names.cloud, names.owner, names.name, names.id
),

spans AS (
    SELECT *, date_diff('day', lag(since) OVER (PARTITION BY cloud, owner, name ORDER BY since, id), since) AS days FROM named_images
),

renewals AS (
    SELECT
        cloud,
        owner,
        name,
        arg_max(id, since) AS id,
        count(*) - 1 AS renewals,
        median(days) AS usual_days,
        max(days) AS longest_days,
        max(since) AS last_on,
        date_diff('day', max(since), $on::DATE) AS days
    FROM spans
    GROUP BY cloud, owner, name
)

SELECT
    renewals.cloud,
    renewals.name,
    renewals.id,
    renewals.renewals,
    renewals.usual_days,
    renewals.last_on,
    renewals.days,
    promises.value AS promised,
    if(promises.value IS NULL, renewals.days > 1.5 * renewals.longest_days, $on::DATE > promises.due_on + 3) AS is_overdue
FROM renewals
LEFT JOIN (
    FROM image_promises WHERE promise = 'replace_frequency' AND promised_to IS NULL
) AS promises
    ON promises.cloud = renewals.cloud AND promises.id = renewals.id
ORDER BY coalesce(is_overdue, false) DESC, renewals.days DESC, renewals.cloud, renewals.name
