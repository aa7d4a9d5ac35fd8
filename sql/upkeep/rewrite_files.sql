-- rewrite_files: write those Parquet files anew of whose rows more than a twentieth were deleted; others stay as they are.
CALL ducklake_rewrite_data_files('warehouse', delete_threshold => 0.05)
