-- remove_rows: forget the ends of maintenance that come from this source.
DELETE FROM end_of_life WHERE source = $source
