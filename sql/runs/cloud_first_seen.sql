-- cloud_first_seen: when a run first logged in to a cloud. UTC.
-- One row, or none if no run did.
SELECT first_seen FROM clouds WHERE cloud = $cloud
