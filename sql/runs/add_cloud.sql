-- add_cloud: keep where a cloud is that a run has logged in to. UTC.
INSERT INTO clouds (
    cloud, settings_name, region, project_id, project_name, domain, endpoint, dialect, first_seen, last_seen
)
VALUES (
    $cloud, $settings_name, $region, $project_id, $project_name, $domain, $endpoint, $dialect, $first_seen, $last_seen
)
