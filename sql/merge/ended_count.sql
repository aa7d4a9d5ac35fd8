-- ended_count: how many stays in a listing this run ended.
-- One row.
SELECT count(*) AS ended FROM ended_memberships
