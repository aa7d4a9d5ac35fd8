-- outcome_counts: what this run found, in images, and which of it an earlier changes run should have found.
-- One row. changes_watermark is the time up to which changes runs have read since the last full run (NULL: none ran).
-- A changes run cannot find unlisted images.
SELECT
    count(*) FILTER (WHERE outcome = 'new') AS new,
    count(*) FILTER (WHERE outcome = 'changed') AS changed,
    count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
    count(*) FILTER (WHERE outcome = 'returned') AS returned,
    count(*) FILTER (
        WHERE outcome <> 'unchanged' AND updated_at < $changes_watermark AND listing <> 'unlisted'
    ) AS missed_by_changes
FROM classified
