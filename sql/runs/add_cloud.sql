-- add_cloud: record the place of a cloud that a run has logged in to. UTC.
INSERT INTO clouds (
    cloud, settings_name, region, project_id, project_name, domain, endpoint, dialect, first_seen, last_seen
)
VALUES (
    $cloud, $settings_name, $region, $project_id, $project_name, $domain, $endpoint, $dialect, $first_seen, $last_seen
)
