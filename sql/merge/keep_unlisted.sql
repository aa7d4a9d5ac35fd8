-- keep_unlisted: for the images in missed, keep since when they are missed and when they last answered.
MERGE INTO unlisted_images AS known
USING missed
    ON known.cloud = $cloud AND known.id = missed.id
WHEN MATCHED THEN UPDATE SET
    answered_at = coalesce(missed.answered_at, known.answered_at),
    is_withheld = known.is_withheld AND missed.is_withheld
WHEN NOT MATCHED THEN INSERT (cloud, id, missed_from, answered_at, is_withheld)
    VALUES ($cloud, missed.id, $started_at, missed.answered_at, missed.is_withheld)
