-- add_attribute: write one row of the dictionary.
INSERT INTO attributes BY NAME
SELECT
    $position AS position,
    $column_name AS column_name,
    $api_name AS api_name,
    $type AS type,
    $unit AS unit,
    $meaning AS meaning,
    $source AS source
