-- changes_between: What is different in the catalogue between two dates?
-- One row per image that was added or removed, and one per attribute that differs.
-- $from: the earlier time, as a date (its end), a time (UTC) or a run
-- $to = now: the later time, in the same form
SELECT cloud, event, name, id, attribute, old_value, new_value
FROM catalogue_diff($from::TIMESTAMP, $to::TIMESTAMP)
ORDER BY cloud, event, name, id, attribute
