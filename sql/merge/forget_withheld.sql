-- forget_withheld: an image that is listed, or of which this run decided something else, is not withheld any more.
-- Temporary table decided: a row an image that this run has decided about.
DELETE FROM withheld_deletions
WHERE cloud = $cloud
    AND (id IN (SELECT id FROM incoming_memberships) OR id IN (SELECT id FROM decided))
