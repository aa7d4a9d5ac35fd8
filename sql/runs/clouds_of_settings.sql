-- clouds_of_settings: the clouds of one account that are not known to be gone.
-- One row per cloud.
SELECT cloud FROM clouds WHERE settings_name = $settings_name AND gone_since IS NULL ORDER BY cloud
