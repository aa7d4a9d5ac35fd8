"""Asks the API with the vendor's SDK, which another environment has: `ask_with_vendor_sdk.py URL`; prints JSON."""

import json
import sys
from importlib import import_module


def main() -> None:
    credentials = import_module("huaweicloudsdkcore.auth.credentials")
    errors = import_module("huaweicloudsdkcore.exceptions.exceptions")
    ims = import_module("huaweicloudsdkims.v2")
    account = credentials.BasicCredentials("access-key", "secret-key", "p" * 32)
    client = ims.ImsClient.new_builder().with_credentials(account).with_endpoint(sys.argv[1]).build()
    marker, names = None, []
    while True:
        asked = ims.GlanceListImagesRequest(limit=2, marker=marker, sort_key="id", sort_dir="asc")
        page = client.glance_list_images(asked)
        names += [image.name for image in page.images]
        if page.next is None:
            break
        marker = page.images[-1].id
    one = client.glance_show_image(ims.GlanceShowImageRequest(image_id="i0"))
    first = [one.imagetype, one.isregistered, one.image_size, one.min_disk]
    refusal = None
    try:
        client.glance_show_image(ims.GlanceShowImageRequest(image_id="nobody"))
    except errors.ClientRequestException as exc:
        refusal = [exc.status_code, exc.error_msg]
    sys.stdout.write(json.dumps({"names": names, "first": first, "refusal": refusal}))


if __name__ == "__main__":
    main()
