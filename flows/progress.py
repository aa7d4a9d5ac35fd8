"""What a running flow tells whoever watches it: a call a page. Parameters go to Prefect, so it is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

PageListener = Callable[[str, str, int, int], None]
"""(cloud, listing, pages so far, images so far); called from several threads."""

_listeners: list[PageListener] = []


def page_was_read(cloud: str, listing: str, pages: int, images: int) -> None:
    """Tell the listeners of this process; where there is none, nobody."""
    for listener in _listeners:
        listener(cloud, listing, pages, images)


@contextmanager
def listening(listener: PageListener) -> Iterator[None]:
    """Call the listener for every page read inside."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
