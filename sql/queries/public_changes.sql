-- public_changes: Which public images changed lately, attribute by attribute?
-- One row per change and attribute, newest first. Times are UTC.
-- $since = 7 days ago: the first day
SELECT
    changes.cloud,
    changes.name,
    changes.id,
    changes.changed_at, -- Start of the run that found the change. UTC.
    changes.attribute, -- The attribute that changed.
    changes.old_value, -- Its value before, as text; of tags, JSON.
    changes.new_value -- Its value since then.
FROM image_changes AS changes
SEMI JOIN listing_memberships AS membership
    ON membership.cloud = changes.cloud AND membership.id = changes.id AND membership.listing = 'public' AND membership.seen_to IS NULL
WHERE changes.changed_at >= $since::DATE
ORDER BY changes.changed_at DESC, changes.name, changes.id, changes.attribute
