-- rejected_values: Which values did the cloud send that do not fit their column?
-- One row per cloud, attribute and reason, as of the last run that received such values. The original values are in the table
-- rejects.
SELECT
    rejects.cloud,
    rejects.attribute,
    rejects.reason,
    count(*) AS times,
    any_value(rejects.value) AS example,
    any_value(rejects.id) AS example_id,
    any_value(runs.started_at) AS run_at
FROM rejects
JOIN runs ON runs.run_id = rejects.run_id
GROUP BY rejects.cloud, rejects.attribute, rejects.reason, rejects.run_id
QUALIFY row_number() OVER (PARTITION BY rejects.cloud, rejects.attribute, rejects.reason ORDER BY run_at DESC) = 1
ORDER BY times DESC, rejects.cloud, rejects.attribute
