-- add_attributes: write the rows of the dictionary, from a JSON array.
INSERT INTO attributes BY NAME
SELECT unnest(
    from_json(
        $attributes,
        '[{
            "position": "INTEGER",
            "column_name": "VARCHAR",
            "api_name": "VARCHAR",
            "type": "VARCHAR",
            "unit": "VARCHAR",
            "meaning": "VARCHAR",
            "source": "VARCHAR"
        }]'
    ),
    recursive := true
)
