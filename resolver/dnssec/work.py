"""How much cryptography one client question may still cost (KeyTrap CVE-2023-50387, NSEC3 CVE-2023-50868)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from cache.answer import ExtendedError
from cache.names import WireName
from resolver.dnssec.counts import DnssecCounts
from resolver.dnssec.standing import Standing
from resolver.errors import WorkExhausted

SIGNATURES_A_QUESTION: Final = 32  # an honest chain of four zones costs about ten; the KeyTrap zones ask for 10,000
SIGNATURES_AN_ALIAS: Final = (
    8  # more for each alias: its target may lie in another zone, and three signatures lead to one
)
MAX_REMARKS: Final = 4  # EDEs of one answer
HASHES_A_QUESTION: Final = 600  # rounds of SHA-1; a denial four labels deep costs about five times (1 + iterations)

Rest = Callable[[float], Awaitable[None]]  # waits until so many seconds may be computed without keeping others waiting


async def no_rest(seconds: float) -> None:
    """Nobody else waits."""


@dataclass(slots=True)
class Work:
    """What is left for one client question; all its validations, also of sub-lookups, share one.

    began: monotonic seconds; what was over by then vouches for nothing. signatures: verifications, whatever their algorithm.
    hashes: rounds of SHA-1 for NSEC3. aliases: followed, as far as they are allowed for.
    learned: which zones sign, as this question has found out; it serves all of it, however short the TTLs are.
    counts: of what is spent. rest: before each verification.
    remarks: why something of the answer counts as unsigned though it is signed, once each.
    """

    began: float = field(compare=False)
    signatures: int = SIGNATURES_A_QUESTION
    hashes: int = HASHES_A_QUESTION
    aliases: int = 0
    learned: dict[WireName, Standing] = field(default_factory=dict, compare=False)
    counts: DnssecCounts = field(default_factory=DnssecCounts, compare=False)
    rest: Rest = field(default=no_rest, compare=False)
    remarks: dict[ExtendedError, None] = field(default_factory=dict, compare=False)

    def allow(self, aliases: int) -> None:
        """So many aliases were followed so far."""
        if aliases > self.aliases:
            self.signatures += SIGNATURES_AN_ALIAS * (aliases - self.aliases)
            self.aliases = aliases

    def remark(self, said: ExtendedError | None) -> None:
        """Have the client told, if there is something to tell."""
        if said is not None and len(self.remarks) < MAX_REMARKS:
            self.remarks[said] = None

    def spend_signature(self) -> None:
        """Count one verification; raises WorkExhausted when none is left: it says nothing of whose signature it is."""
        if self.signatures < 1:
            raise WorkExhausted("this question took too much work: signatures")
        self.signatures -= 1
        self.counts.signatures_checked += 1

    def spend_hashes(self, rounds: int) -> None:
        """Count `rounds` of SHA-1; raises WorkExhausted when so many are not left."""
        if rounds > self.hashes:
            raise WorkExhausted("this question took too much work: hashes")
        self.hashes -= rounds
        self.counts.hashes_computed += rounds
