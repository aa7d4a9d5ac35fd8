-- mark_cloud_gone: record that an account no longer has a project or region. UTC.
UPDATE clouds SET gone_since = $gone_since WHERE cloud = $cloud AND gone_since IS NULL
