-- tags_as_sets: tags are kept sorted, each once.
UPDATE image_versions
SET tags = list_sort(list_distinct(tags))
WHERE tags IS NOT NULL AND tags <> list_sort(list_distinct(tags))
