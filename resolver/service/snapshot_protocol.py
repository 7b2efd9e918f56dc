"""What is said over the control socket to carry a cache from one daemon to another, or from a day to the next.

The daemon hands out and takes in rows; the file is the client's, written and read with the rights of whoever asks. A daemon that
opened a file at an operator's word would lend them its own.
"""

from typing import Annotated, Final

import msgspec

from cache.snapshot import Moment, SavedEntry

MAX_IMPORTED: Final = 200  # entries of one request: some 2 ms of the loop


class CacheExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="cache_export"):
    """All that is cached -> a Moment, at which the times of what follows are true, then SavedEntries."""


class CacheImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="cache_import"):
    """Take in what is not known better -> ImportRow, once. moment: when the times of the entries were true."""

    moment: Moment
    entries: Annotated[tuple[SavedEntry, ...], msgspec.Meta(max_length=MAX_IMPORTED)]


class ImportRow(msgspec.Struct, frozen=True):
    """How many entries were taken in, and for how many there was no room or no use any more."""

    taken: int
    passed_over: int
