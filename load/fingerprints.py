"""Fingerprints of the files in sql/schema: they show whether a file changed after a warehouse was made with it."""

import hashlib
import re
from typing import Final

OF_WHOLE_TEXTS: Final = (
    "d7a90e59e25b181ddaa7c15db5bf64723215d3e2910d3eb1faa946e5fc40edd7",
    "d5f879f0e896d3d4e50c4b15e45552a013c8f28c6f4a567edfb4f34f2f8aff72",
    "2f687ad4ba19a17371c90c107c951fc5a1796e22b5c04e8d53fa33c376b78dec",
    "dace25f59154d03536c5af2e5a5b43d6174ce4a5761f0c651573d5844f2c34c2",
    "23307c420ad94e48c0af20e9831c7c5cf51b5c5516978f29aa27c3b96b519e89",
    "2d1064e8434357f4244667c0176c567680e16db3466177cd1a928ce829505f3f",
    "8a3412ddefc5b59f04511b7bb1d134f8eea5ef456c6c5b15d786b43c9e3379e3",
    "044080f68bab2c4dbc8fc0ac5bf706d719126ff634055874a0b0b359e6d0d7c9",
    "fb1d763217994ef443088025001f47c9ac085a6b1ca2a5e24db3ddc28b9ddf45",
    "e03cb0527881680caf8d99ab297fb2be68e8e8210ea8257eb3299ab24d02bc1c",
    "41af54f93d7164d42e44aa17b656aca7ee51b6f8c4296dd53f1e5bca9eb94587",
    "47ec0387f9a3939fece90e814f1c6508eb85505447f585b59270143652247b4d",
    "5ebae222dde545e12026bea2ad731a228cf28590f56251e16766bb8feb3df8bc",
    "cbdf8814d075bd36f5788ecbfd6cc9abb756294db7145c0209c264c984a60609",
    "cccccb296433e152b1773291b5c487aeaa7f6b7636d2b9d6d8722f72e740206c",
    "eb06641d61cca671852e5630ec8b6720890a936009da44a032169f97b62d8729",
    "ab09e48428493b55e01da170aaaddbe5fcc5498f6c3f0ccc1a68bee95e8805aa",
    "18355e636efc4e28bbd230caaec09fb48efa040bc9763b8bc1c5a13bd7a6f027",
    "41d7691e80f4c5a0ba48b9efcb7c274b43ddfe162c0cbc0cc77e8a85e0af8f55",
    "5aeae6d3720c852acb40a4c648ef45d8ff9557b9f75839546a3bdfd90bce1b84",
    "ed35a492ff66c29eed0dcdde6713b429caf5cccd1e2da789bb4910779dfbed1e",
    "ab6c0c96a72dc0f2c7cca445026b25e61ec042cd5245050da95bec0d3a05671b",
)
"""Fingerprints of the first versions, which included the comments."""


def of_sql(text: str) -> str:
    """The SHA-256, in hexadecimal, of a statement without its comments."""
    return hashlib.sha256(" ".join(re.sub("--.*", "", text).split()).encode()).hexdigest()
