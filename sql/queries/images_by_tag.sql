-- images_by_tag: Which tags are in use, on how many images of how many projects, and how large are these images?
-- One row per cloud and tag, most images first. Images without a tag are one row, with tag NULL.
-- $tag = %: the tag, % stands for any text
SELECT
    cloud,
    tag, -- The tag; NULL: images without a tag.
    count(*) AS images, -- Images that have it.
    count(DISTINCT owner) AS owners, -- Projects that own them.
    round(sum(bytes) / 1e9, 1) AS gigabytes, -- Their size. Unit: 10^9 bytes.
    max(created_at) AS newest, -- When the newest was created. UTC.
    arg_min(name, id) AS example -- Name of one of them.
FROM (SELECT *, unnest(if(len(tags) > 0, tags, [NULL])) AS tag FROM images)
WHERE coalesce(tag, '') LIKE $tag
GROUP BY cloud, tag
ORDER BY images DESC, cloud, tag
