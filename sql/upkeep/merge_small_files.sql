-- merge_small_files: make one Parquet file of the small ones that follow one another.
CALL ducklake_merge_adjacent_files('warehouse')
