-- add_rows: keep the ends of maintenance of a source, given as JSON.
INSERT INTO end_of_life BY NAME
SELECT unnest(
    from_json(
        $rows::JSON,
        '[{"product": "VARCHAR", "cycle": "VARCHAR", "codename": "VARCHAR", "released": "DATE", "ends": "DATE",
        "extended_ends": "DATE", "has_ended": "BOOLEAN", "spelling": "VARCHAR"}]'
    ),
    max_depth := 2
), $source AS source
