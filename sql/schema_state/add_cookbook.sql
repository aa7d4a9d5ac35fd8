-- add_cookbook: write the questions, from a JSON array.
INSERT INTO cookbook BY NAME
SELECT unnest(
    from_json(
        $questions,
        '[{"name": "VARCHAR", "question": "VARCHAR", "sql": "VARCHAR", "parameters": ["VARCHAR"]}]'
    ),
    max_depth := 2
)
