-- cloud_first_seen: when a run first logged in to a cloud. UTC.
-- One row where there was one.
SELECT first_seen FROM clouds WHERE cloud = $cloud
