-- forget_withheld: remove images that are listed again, or about which this run decided otherwise.
-- Temporary table decided: a row for each image that this run has decided about.
DELETE FROM withheld_deletions
WHERE cloud = $cloud
    AND (id IN (SELECT id FROM incoming_memberships) OR id IN (SELECT id FROM decided))
