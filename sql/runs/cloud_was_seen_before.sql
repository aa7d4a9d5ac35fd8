-- cloud_was_seen_before: keep that a run logged in to a cloud before the first one that was known. UTC.
UPDATE clouds SET first_seen = $first_seen WHERE cloud = $cloud
