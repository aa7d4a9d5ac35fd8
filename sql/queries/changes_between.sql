-- changes_between: What is different in the catalogue between two dates?
-- One row per image that was added or removed, per attribute that differs, and per image that is in other listings. A cloud whose
-- history begins after the earlier time is compared from its first reading on.
-- $from: the earlier time, as a date (its end), a time (UTC) or a run
-- $to = now: the later time, in the same form
SELECT
    cloud,
    event, -- added, removed, changed, or moved: from listings to other listings.
    name,
    id,
    attribute, -- The attribute that differs; NULL if the image was added or removed.
    old_value, -- Its value at the earlier time, as text; of tags and listings, JSON.
    new_value -- Its value at the later time.
FROM catalogue_diff($from::TIMESTAMP, $to::TIMESTAMP)
ORDER BY cloud, event, name, id, attribute
