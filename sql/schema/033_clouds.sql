-- clouds: every cloud that a run has logged in to: where it is, and whose images it shows.
-- One row per cloud. Times are UTC.
CREATE TABLE clouds (
    cloud VARCHAR NOT NULL, -- Name of the cloud. If one account has many: name in the settings, region and project, with / between them.
    settings_name VARCHAR NOT NULL, -- The cloud's name in the settings: the same for all projects and regions of one account.
    region VARCHAR, -- The region whose image service is read; NULL: not known.
    project_id VARCHAR, -- The project whose images are read; NULL: not known.
    project_name VARCHAR, -- The project's name, as the identity service has it; NULL: not known.
    domain VARCHAR, -- Id of the project's domain; NULL: not known.
    endpoint VARCHAR NOT NULL, -- Address of the image service, without a version.
    dialect VARCHAR, -- ims or openstack: which listings are asked for.
    first_seen TIMESTAMP NOT NULL, -- Start of the first run that logged in there. UTC.
    last_seen TIMESTAMP NOT NULL, -- Start of the last run that logged in there. UTC.
    gone_since TIMESTAMP -- Start of the first run in which the account no longer had this project or region; NULL: it has it. UTC.
);
