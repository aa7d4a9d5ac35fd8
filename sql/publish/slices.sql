-- slices: times that divide the history into pieces of about $rows versions, so that a piece fits into memory.
-- One row per piece: its beginning, and its end, which is the beginning of the next one. UTC.
WITH nights AS (
    SELECT seen_from, count(*) AS versions FROM image_versions GROUP BY seen_from
),

pieces AS (
    SELECT min(seen_from) AS since
    FROM (SELECT seen_from, (sum(versions) OVER (ORDER BY seen_from) - versions) // $rows AS piece FROM nights)
    GROUP BY piece
)

SELECT since, lead(since, 1, TIMESTAMP '9999-12-31') OVER (ORDER BY since) AS until
FROM pieces
ORDER BY since
