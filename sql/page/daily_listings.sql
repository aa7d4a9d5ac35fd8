-- daily_listings: how many images each listing had at the end of each day, and their size.
-- One row per cloud, listing and day (UTC): of the last days that have at most $most rows together, and of the last day at least.
WITH numbers AS MATERIALIZED (
    SELECT cloud, listing, day, sum(images)::BIGINT AS images, least(sum(bytes), 9223372036854775807)::BIGINT AS bytes
    FROM daily_catalogue
    GROUP BY cloud, listing, day
),

shown AS (
    SELECT day FROM numbers GROUP BY day QUALIFY sum(count(*)) OVER (ORDER BY day DESC) <= greatest($most, count(*))
)

SELECT numbers.*
FROM numbers
SEMI JOIN shown ON shown.day = numbers.day
ORDER BY numbers.cloud, numbers.listing, numbers.day
