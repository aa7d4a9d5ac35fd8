"""What a running flow tells whoever watches it: a call a page. Parameters go to Prefect, so it is none."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from extract.errors import CloudError

PageListener = Callable[[str, str, int, int], None]
"""(cloud, listing, pages so far, images so far); called from several threads."""

_listeners: list[PageListener] = []
_stopping = threading.Event()


def page_was_read(cloud: str, listing: str, pages: int, images: int) -> None:
    """Tell the listeners of this process; where there is none, nobody. Raises: CloudError when the run is to stop."""
    if _stopping.is_set():
        raise CloudError(f"cloud {cloud}, listing {listing}: the run was stopped")
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


def stop_reading() -> None:
    """Let every listing that is being read end at its next page. It is not taken back: the process is about to end."""
    _stopping.set()
