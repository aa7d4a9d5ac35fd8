"""openstacksdk with pandas: `image.images()` of every listing into a data frame, kept as a Parquet file a night.

It cannot tell what changed, and cannot be asked for changes: every night is a first load.
"""

import openstack
import pandas
from peers.asked import Asked, asked

PAGE = 1000


def load(given: Asked) -> None:
    cloud = openstack.connection.Connection(
        auth_type="none", auth={"endpoint": given.url}, image_endpoint_override=given.url, image_api_version="2"
    )
    images = []
    for name, filters in given.listings.items():
        # What is not in its own query mapping it filters itself, after reading all: pass only what the server takes.
        query = {key: value for key, value in filters.items() if not key.startswith("__")}
        for image in cloud.image.images(limit=PAGE, sort_key="id", sort_dir="asc", **query):
            images.append({"listing": name, **image.to_dict(computed=False)})
    pandas.DataFrame(images).astype("string").to_parquet(given.folder / "images.parquet")


if __name__ == "__main__":
    load(asked())
