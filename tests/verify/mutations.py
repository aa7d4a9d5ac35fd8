"""What may happen to a reading that is not complete any more afterwards, though every hash is right."""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.verify.landings import Listing

Json = Any

Mutation = Callable[[Listing, random.Random], bool]
"""Changes the listing; False where it has nothing that could be changed so."""


def _body(listing: Listing, at: int) -> Json:
    return json.loads(listing.pages[at][1])


def _put(listing: Listing, at: int, body: Json) -> None:
    listing.pages[at] = (listing.pages[at][0], json.dumps(body).encode())


def _some(dice: random.Random, found: list[Any]) -> Any:
    return dice.choice(found) if found else None


def _taken(line: Json, images: list[Json]) -> int:
    """How many of a page's images are its part's: those behind `until` are not taken for complete by anybody."""
    ids = [image["id"] for image in images]
    return ids.index(line["until"]) + 1 if line["until"] in ids else len(ids)


def page_dropped(listing: Listing, dice: random.Random) -> bool:
    del listing.pages[dice.randrange(len(listing.pages))]
    return True


def page_doubled(listing: Listing, dice: random.Random) -> bool:
    at = dice.randrange(len(listing.pages))
    listing.pages.insert(dice.randint(at, len(listing.pages)), listing.pages[at])
    return True


def pages_swapped(listing: Listing, dice: random.Random) -> bool:
    """Two of one part, for readers hand over their pages in whatever order they come."""
    pairs = [
        (a, b)
        for a in range(len(listing.pages))
        for b in range(a)
        if listing.pages[a][0]["part"] == listing.pages[b][0]["part"]
    ]
    pair = _some(dice, pairs)
    if pair is None:
        return False
    a, b = pair
    listing.pages[a], listing.pages[b] = listing.pages[b], listing.pages[a]
    return True


def contents_swapped(listing: Listing, dice: random.Random) -> bool:
    different = [
        (a, b) for a in range(len(listing.pages)) for b in range(a) if listing.pages[a][1] != listing.pages[b][1]
    ]
    pair = _some(dice, different)
    if pair is None:
        return False
    (a, b), pages = pair, listing.pages
    pages[a], pages[b] = (pages[a][0], pages[b][1]), (pages[b][0], pages[a][1])
    return True


def _page_with_images(listing: Listing, dice: random.Random) -> int | None:
    found: int | None = _some(dice, [at for at in range(len(listing.pages)) if _body(listing, at)["images"]])
    return found


def page_truncated(listing: Listing, dice: random.Random) -> bool:
    at = _page_with_images(listing, dice)
    if at is None:
        return False
    body = _body(listing, at)
    kept = dice.randrange(len(body["images"]))
    body["images"] = body["images"][:kept] if dice.random() < 0.7 else body["images"][-kept:] if kept else []
    _put(listing, at, body)
    return True


def image_gone(listing: Listing, dice: random.Random) -> bool:
    at = _page_with_images(listing, dice)
    if at is None:
        return False
    body = _body(listing, at)
    del body["images"][dice.randrange(len(body["images"]))]
    _put(listing, at, body)
    return True


def cut_off(listing: Listing, dice: random.Random) -> bool:
    """The bytes of a page end early."""
    at = dice.randrange(len(listing.pages))
    line, body = listing.pages[at]
    listing.pages[at] = (line, body[: dice.randrange(len(body))])
    return True


def next_added(listing: Listing, dice: random.Random) -> bool:
    """Not where a page had the image at which its part ends: what follows there is the next part's."""
    found = [at for at in range(len(listing.pages)) if "next" not in _body(listing, at) and not _is_past(listing, at)]
    at = _some(dice, found)
    if at is None:
        return False
    body = _body(listing, at)
    marker = body["images"][-1]["id"] if body["images"] else "00"
    _put(listing, at, body | {"next": f"/v2/images?marker={marker}"})
    return True


def next_removed(listing: Listing, dice: random.Random) -> bool:
    found = [at for at in range(len(listing.pages)) if "next" in _body(listing, at) and not _is_past(listing, at)]
    at = _some(dice, found)
    if at is None:
        return False
    body = _body(listing, at)
    del body["next"]
    _put(listing, at, body)
    return True


def _is_past(listing: Listing, at: int) -> bool:
    line, ids = listing.pages[at][0], [image["id"] for image in _body(listing, at)["images"]]
    return line["until"] is not None and bool(ids) and (line["until"] in ids or ids[-1] > line["until"])


def filter_attribute_changed(listing: Listing, dice: random.Random) -> bool:
    found = []
    for at, (line, _) in enumerate(listing.pages):
        images = _body(listing, at)["images"]
        found += [(at, position) for position in range(_taken(line, images))]
    place = _some(dice, found)
    if place is None:
        return False
    at, position = place
    body = _body(listing, at)
    image = body["images"][position]
    asked = [name for name in listing.pages[at][0]["query"] if name in image and name not in ("updated_at",)]
    name = dice.choice(asked)
    image[name] = dice.choice([None, "another", not image[name], 7, [image[name]]])
    _put(listing, at, body)
    return True


def seam_moved(listing: Listing, dice: random.Random) -> bool:
    """To another image: in the manifest, in reading.json, or in both."""
    if not listing.start["parts"] or any(line["part"] == "alone" for line, _ in listing.pages):
        return False
    number = dice.randrange(1, len(listing.start["parts"]))
    old = listing.start["parts"][number]["after"]
    # At another cut the reading would be as complete: a part may end where a later one begins.
    cuts = {part["after"] for part in listing.start["parts"]}
    ids = {image["id"] for at in range(len(listing.pages)) for image in _body(listing, at)["images"]} - cuts
    new = dice.choice(sorted(ids))
    where = dice.choice(["lines", "start", "both"])
    if where != "lines":
        listing.start["parts"][number]["after"] = listing.start["parts"][number - 1]["until"] = new
    if where != "start":
        changed = False
        for at, (line, body) in enumerate(listing.pages):
            moved = {name: new for name in ("after", "until") if line[name] == old}
            if line["query"].get("marker") == old and dice.random() < 0.5:
                moved["query"] = line["query"] | {"marker": new}
            changed = changed or bool(moved)
            listing.pages[at] = (line | moved, body)
        return changed or where == "both"
    return True


def line_gone(listing: Listing, dice: random.Random) -> bool:
    """From the middle or the end, several at times."""
    at = dice.randrange(len(listing.pages))
    del listing.pages[at : at + dice.randint(1, 3)]
    return True


def closing_pass_later(listing: Listing, dice: random.Random) -> bool:
    found = [at for at, (line, _) in enumerate(listing.pages) if line["part"] == "closing"]
    for at in found:
        line, body = listing.pages[at]
        listing.pages[at] = (line | {"query": line["query"] | {"updated_at": "gte:2126-01-01T00:00:00Z"}}, body)
    return bool(found)


def closing_pass_gone(listing: Listing, dice: random.Random) -> bool:
    before = len(listing.pages)
    listing.pages[:] = [page for page in listing.pages if page[0]["part"] != "closing"]
    return len(listing.pages) < before


def question_changed(listing: Listing, dice: random.Random) -> bool:
    at = dice.randrange(len(listing.pages))
    line, body = listing.pages[at]
    query = dict(line["query"])
    name = dice.choice([name for name in query if name not in ("limit", "sort_dir")])
    if dice.random() < 0.5:
        del query[name]
    else:
        query[name] = "another"
    listing.pages[at] = (line | {"query": query}, body)
    return True


MUTATIONS: tuple[Mutation, ...] = (
    page_dropped, page_doubled, pages_swapped, contents_swapped, page_truncated, image_gone, cut_off, next_added,
    next_removed, filter_attribute_changed, seam_moved, line_gone, closing_pass_later, closing_pass_gone,
    question_changed,
)  # fmt: skip
