-- tags_as_sets: sort the tags of each version, and keep each tag once.
UPDATE image_versions
SET tags = list_sort(list_distinct(tags))
WHERE tags IS NOT NULL AND tags <> list_sort(list_distinct(tags))
