-- cloud_times: when a run first and last logged in to a cloud. UTC.
-- One row where there was one.
SELECT first_seen, last_seen FROM clouds WHERE cloud = $cloud
