"""Read WARC and ARC archives once, and give the records that name a FAQ.

Almost all of the time of a crawl goes into decompressing pages that nobody wants. So a member is inflated in one call,
cut by its Content-Length, and searched in place; only what can be coded once more, or holds the needle, is looked at
closely. Damage costs the member it is in. What cannot be read is a `Problem` in the same stream, never an exception.

    counts = ScanCounts()
    with path.open("rb") as stream:
        for item in scan(stream, max_record_bytes=16 << 20, counts=counts):
            ...  # Record | Problem, in the order of the file
"""

from __future__ import annotations

from collections.abc import Iterator

from faquarry.web.detect import Coding, detect_coding
from faquarry.web.examine import EXCERPT_BYTES, NEEDLE, WANTED, Examiner, payload_digest, readable
from faquarry.web.flows import MemberFlow, PlainFlow
from faquarry.web.framing import Frame, frames
from faquarry.web.gzipped import Gzip
from faquarry.web.heads import parse_head
from faquarry.web.members import Member, Members
from faquarry.web.record import Problem, Record, ScanCounts
from faquarry.web.window import ByteStream, Window
from faquarry.web.zstd import Zstd, zstd_dictionary

__all__ = ["NEEDLE", "payload_digest", "scan", "splittable"]

DETECT_BYTES = 1 << 20
HEAD_ROOM = 256 << 10  # of a block, for heads in front of the payload


def splittable(coding: Coding) -> bool:
    """Whether parts of one archive can be read by themselves.

    A compressed archive can: a member's beginning is known by its magic number and by what it decodes to. A plain one
    cannot: a page that shows a WARC record looks like one, and nothing tells them apart from the middle of a file.
    """
    return coding != "plain"


def scan(
    stream: ByteStream,
    *,
    needle: bytes | None = NEEDLE,
    start: int = 0,
    end: int | None = None,
    origin: int | None = None,
    coding: Coding | None = None,
    dictionary: bytes | None = None,
    max_record_bytes: int = 16 << 20,
    counts: ScanCounts,
) -> Iterator[Record | Problem]:
    """The responses and resources whose decoded payload holds `needle`, and what could not be read. Without a needle
    (None) those that are pages: HTML that a server gave with a status of 2xx.

    `stream` gives the file's bytes from `origin` on (unset: from `start`), in order. With `start` and `end` (bytes of
    the stored file) only records whose member begins in ``[start, end)`` are given; then `coding` says how the archive
    is stored, and the stream must go on behind `end` as far as the last member reaches. Ranges that tile a file give
    together exactly what the whole gives. An `origin` before `start` makes that so even for archives within archives:
    reading finds its feet before `start` (`SYNC_BYTES` in `faquarry.web.archive`).

    `counts` grows as the scan goes. Memory is bounded by about 4 × `max_record_bytes`.
    """
    return _Scan(stream, needle, start, end, origin, coding, dictionary, max_record_bytes, counts).items()


class _Scan:
    def __init__(
        self,
        stream: ByteStream,
        needle: bytes | None,
        start: int,
        end: int | None,
        origin: int | None,
        coding: Coding | None,
        dictionary: bytes | None,
        max_record_bytes: int,
        counts: ScanCounts,
    ) -> None:
        self.needle, self.start, self.end = needle, start, end
        self.origin = start if origin is None else origin
        self.window = Window(stream, self.origin)
        self.coding, self.dictionary = coding, dictionary
        self.examiner = Examiner(needle, max_record_bytes)
        self.max_block_bytes = max_record_bytes + HEAD_ROOM
        self.counts = counts

    def items(self) -> Iterator[Record | Problem]:
        head = self.window.have(self.origin, 4096)
        coding = self.coding or detect_coding(head) or detect_coding(self.window.have(self.origin, DETECT_BYTES))
        if coding == "gzip":
            yield from self._members(Gzip(self.window), self.origin)
        elif coding == "zstd":
            if self.dictionary is None and self.origin == 0:
                self.dictionary = self._read_dictionary(head)
            yield from self._members(Zstd(self.window, self.dictionary), self.origin)
        else:
            yield from self._plain()

    def _read_dictionary(self, head: bytes) -> bytes | None:
        found = zstd_dictionary(head)
        if isinstance(found, int):
            found = zstd_dictionary(self.window.have(0, found))
        return found[0] if isinstance(found, tuple) else None

    # -- uncompressed ------------------------------------------------------------------------------------------------

    def _plain(self) -> Iterator[Record | Problem]:
        counts = self.counts
        flow = PlainFlow(self.window, self.origin)
        for frame in frames(flow, needle=self.needle, max_block_bytes=self.max_block_bytes):
            if self.end is not None and frame.offset >= self.end:
                break
            yield from self.examiner.items(frame, counts)
            counts.bytes_in = frame.offset + (frame.length or 0) - self.start
        else:
            counts.bytes_in = self.window.stop - self.start

    # -- members -----------------------------------------------------------------------------------------------------

    def _members(self, members: Members, position: int) -> Iterator[Record | Problem]:
        """Walk the chain of members. Up to `start` the walk only finds its feet, and counts elsewhere."""
        counts, before = self.counts, ScanCounts()
        here = counts if position >= self.start else before
        if position > 0 and not members.aligned(position):
            found = members.next_aligned(position)
            position = self.window.stop if found is None else found
        while True:
            found, gap = self._next_member(members, position, here)
            if gap is not None and here is counts:
                yield gap
            if found is None:
                break
            position = found
            if here is before and position >= self.start and members.aligned(position):
                here = counts
            if self.end is not None and position >= self.end and members.aligned(position):
                break
            member = members.open(position)
            data = member.read(self.max_block_bytes)
            here.members += 1
            exact = _exact(data) if member.done else None
            if exact is not None:
                position = member.end
                for item in self._exact_items(data, exact, member, here):
                    if here is counts:
                        yield item
            else:
                flow = MemberFlow(members, member, data)
                for item in self._flow_items(flow, here):
                    if here is counts:
                        yield item
                position = flow.end
                if flow.fault is not None:  # where it ends is not known: search from its beginning
                    found = members.next_aligned(flow.last + 1)
                    position = self.window.stop if found is None else found
            counts.bytes_in = self._bytes_in(position)
        counts.bytes_in = self._bytes_in(self.window.stop if self.end is None else self.end)

    def _next_member(self, members: Members, position: int, here: ScanCounts) -> tuple[int | None, Problem | None]:
        """Where the next member begins, and what is wrong with the bytes before it."""
        if members.begins(position):
            return position, None
        position = members.pass_padding(position)
        excerpt = self.window.have(position, EXCERPT_BYTES)
        if not excerpt:
            return None, None
        if members.begins(position):
            return position, None
        found = members.next_aligned(position)
        length = (self.window.stop if found is None else found) - position
        cut = found is None and members.magic.startswith(excerpt[: len(members.magic)])
        here.problems += 1
        detail = "the file ends inside a member" if cut else f"{length} bytes belong to no member"
        return found, Problem("truncated" if cut else "damaged", detail, position, length, excerpt=readable(excerpt))

    def _bytes_in(self, position: int) -> int:
        reached = position if self.end is None else min(position, self.end)
        return max(0, reached - self.start)

    # -- records -----------------------------------------------------------------------------------------------------

    def _exact_items(
        self, data: bytes, exact: _Exact, member: Member, here: ScanCounts
    ) -> tuple[Record | Problem, ...]:
        """A member that is one record, which most are: say no as fast as can be said."""
        here.records += 1
        kind, body = exact
        if kind not in WANTED:
            return ()
        here.responses += 1
        end = len(data) - 4
        if self.examiner.surely_not(data, body, end):
            return ()
        head = parse_head(data)
        if head is None:
            return ()
        return self.examiner.examine(Frame(head, data, body, end, member.offset, member.end - member.offset), here)

    def _flow_items(self, flow: MemberFlow, here: ScanCounts) -> Iterator[Record | Problem]:
        before = here.problems
        for frame in frames(flow, needle=self.needle, max_block_bytes=self.max_block_bytes):
            yield from self.examiner.items(frame, here)
        here.members += flow.opened - 1
        if flow.fault is not None and here.problems == before:
            here.problems += 1
            said = "cannot be decompressed (any further)" if flow.fault == "damaged" else "is cut off"
            yield Problem(flow.fault, f"the member at {flow.last} {said}", flow.last)


_Exact = tuple[str, int]


def _exact(data: bytes) -> _Exact | None:
    """(type, offset of the block) of bytes that are exactly one WARC record written as all common tools write it."""
    if not data.startswith(b"WARC/"):
        return None
    blank = data.find(b"\r\n\r\n")
    at = data.find(b"\r\nContent-Length: ", 0, blank) + 18
    length = data[at : data.find(b"\r\n", at, blank + 2)]
    if (
        at < 18
        or not length.isdigit()
        or len(length) > 15
        or blank + 8 + int(length) != len(data)
        or not data.endswith(b"\r\n\r\n")
    ):
        return None
    at = data.find(b"\r\nWARC-Type: ", 0, blank) + 13
    if at < 13:
        return None
    return data[at : data.find(b"\r\n", at, blank + 2)].decode("latin-1").strip().lower(), blank + 4
