"""The floor: every page of every listing fetched and parsed, one after another, and nothing done with it."""

import httpx
import orjson
from peers.asked import Asked, asked

PAGE = 1000


def fetch(given: Asked) -> int:
    images = 0
    with httpx.Client(base_url=given.url, timeout=300) as client:
        for filters in given.listings.values():
            query = {**filters, "limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
            if given.since:
                query["updated_at"] = f"gte:{given.since}"
            while True:
                page = orjson.loads(client.get("/v2/images", params=query).content)
                images += len(page["images"])
                if "next" not in page:
                    break
                query["marker"] = page["images"][-1]["id"]
    return images


if __name__ == "__main__":
    print(fetch(asked()))
