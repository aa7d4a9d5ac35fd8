-- pieces_to_add: the stretches of the staged listings that have an image which is new, changed or returned.
SELECT DISTINCT listing, position // $rows_a_piece * $rows_a_piece AS first_position
FROM classified
WHERE outcome <> 'unchanged'
ORDER BY ALL
