-- ended_count: the number of memberships that this run ended.
-- One row.
SELECT count(*) AS ended FROM ended_memberships
