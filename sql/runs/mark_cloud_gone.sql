-- mark_cloud_gone: keep that an account no longer has a project or region, if no later run saw it. UTC.
UPDATE clouds
SET gone_since = $gone_since
WHERE cloud = $cloud AND last_seen < $gone_since AND (gone_since IS NULL OR gone_since > $gone_since)
