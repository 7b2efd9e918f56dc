"""Does a -wal hold changes of the file that it stands beside, or of another that stood there before?

SQLite does not ask: whatever pages a -wal holds, it takes for the file's. A backup that was moved or copied into the file's
place beside the former's -wal is read as a mixture of both, which no integrity check need find. But each first page in the
-wal has the file's header as it was then, and each commit says how many pages the file has. So the file's own header is one
of those in the -wal, if they were copied back from it already, or else the one before the first of them: its change counter
is one less or the same, its schema cookie (which VACUUM INTO raises) is no greater, and its size is that of the commits
that needed no other header. And while the -wal is the same, the header can become none but one of those in it. What cannot be
told is taken for the file's own: a -wal of a few commits that changed neither size nor schema may belong to any copy of the file.

The layout is SQLite's (fileformat2.html §1.3 and §4.1).
"""

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

WAL: Final = Struct(">8xI4x8s8x")  # page size, salts
FRAME: Final = Struct(">II8s8x")  # page number, pages of the file after the commit that it ends, salts
DATABASE: Final = Struct(">24xII8xI56x")  # change counter, size in pages, schema cookie
PAGE_SIZE: Final = slice(16, 18)  # in it; 1 stands for the largest
LARGEST_PAGE: Final = 65_536
MAX_COUNTER: Final = 0xFFFFFFFF
MAX_FRAMES: Final = 4_000  # whose headers are read, 1 µs each; SQLite copies back every 1,000

ReadAt = Callable[[int, int], bytes]  # (offset, octets) -> those that are there


class Frame(NamedTuple):
    """commits_size: pages of the file after the commit that it ends; 0: it ends none."""

    page: int
    commits_size: int


class Seen(NamedTuple):
    """The headers of a file and of its -wal, at one moment."""

    file: bytes = b""
    wal: bytes = b""

    @property
    def are_whole(self) -> bool:
        return len(self.file) == DATABASE.size and len(self.wal) == WAL.size


NOTHING_SEEN: Final = Seen()


def see(file: ReadAt, wal: ReadAt) -> Seen:
    """The headers. file, wal: read the file itself, and its -wal.

    The -wal's first: it may begin anew between the two, after it was copied back. The file's header is then one of the former
    -wal's; the other way round it would be one that was never beside the new -wal.
    """
    head = wal(0, WAL.size)
    return Seen(file(0, DATABASE.size), head)


def foreign_by(file: ReadAt, wal: ReadAt, before: Seen = NOTHING_SEEN) -> str:
    """How the -wal is known to be another file's; "": it is not. before: the headers when they were known to belong together."""
    own, head = seen = see(file, wal)
    if not seen.are_whole:
        return ""
    page_size, salts = WAL.unpack(head)
    own_size = int.from_bytes(own[PAGE_SIZE])
    if not 512 <= page_size <= LARGEST_PAGE:
        return ""
    if page_size != (LARGEST_PAGE if own_size == 1 else own_size):
        said = f"its pages have {page_size} octets, the file's {own_size}"
    else:
        frames = _frames(wal, salts, page_size)
        known = before.file if before.wal == head else own
        said = _judge(own, known, wal, frames, page_size) if frames is not None else ""
    if see(file, wal) != seen:
        return ""  # somebody is copying back, or has begun the -wal anew
    return said


def _frames(wal: ReadAt, salts: bytes, page_size: int) -> list[Frame] | None:
    """Every frame of this -wal; None: there are too many."""
    frames: list[Frame] = []
    step = FRAME.size + page_size
    while True:
        octets = wal(WAL.size + len(frames) * step, FRAME.size)
        if len(octets) < FRAME.size:
            return frames
        page, size, found = FRAME.unpack(octets)
        if found != salts:
            return frames
        if len(frames) == MAX_FRAMES:
            return None
        frames.append(Frame(page, size))


def _judge(own: bytes, known: bytes, wal: ReadAt, frames: list[Frame], page_size: int) -> str:
    """own: the header of the file; known: what it was before, with the same -wal."""
    counter, size, cookie = DATABASE.unpack(own)
    at = [number for number, frame in enumerate(frames) if frame.page == 1]
    step = FRAME.size + page_size
    headers = [wal(WAL.size + number * step + FRAME.size, DATABASE.size) for number in at]
    if own in headers:
        return ""
    if own != known:
        return "the file has a header now that was never in it"
    if headers and len(headers[0]) == DATABASE.size:
        begins_at, _, first_cookie = DATABASE.unpack(headers[0])
        if counter not in (begins_at, (begins_at - 1) & MAX_COUNTER):
            return f"it begins at change {begins_at}, the file is at {counter}"
        if cookie > first_cookie:
            return f"its schema has the number {first_cookie}, the file's {cookie}"
    sizes = {frame.commits_size for frame in frames[: at[0] if at else None] if frame.commits_size}
    if sizes - {size}:
        return f"it belongs to a file of {max(sizes)} pages, this one has {size}"
    return ""
