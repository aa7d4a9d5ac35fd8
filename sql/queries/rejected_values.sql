-- rejected_values: Which values did the cloud send that do not fit their column?
-- One row per cloud, attribute and reason, as of the last run that received such values. The original values are in the table
-- rejects.
SELECT
    rejects.cloud,
    rejects.attribute, -- The attribute whose value did not fit; NULL: the whole image.
    rejects.reason, -- Why it did not fit.
    count(*) AS times, -- How many such values the run received.
    any_value(rejects.value) AS example, -- One of the values, as the cloud sent it.
    any_value(rejects.id) AS example_id, -- The id of the image that had it.
    any_value(runs.started_at) AS run_at -- Start of that run. UTC.
FROM rejects
JOIN runs ON runs.run_id = rejects.run_id
GROUP BY rejects.cloud, rejects.attribute, rejects.reason, rejects.run_id
QUALIFY row_number() OVER (PARTITION BY rejects.cloud, rejects.attribute, rejects.reason ORDER BY run_at DESC) = 1
ORDER BY times DESC, rejects.cloud, rejects.attribute
