-- rename_cloud: give a cloud another name, also in place of the name in the settings where that is the same.
UPDATE clouds SET cloud = $new, settings_name = if(settings_name = $old, $new, settings_name) WHERE cloud = $old
