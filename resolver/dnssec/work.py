"""How much cryptography one client question may still cost (KeyTrap CVE-2023-50387, NSEC3 CVE-2023-50868)."""

from dataclasses import dataclass
from typing import Final

SIGNATURES_A_QUESTION: Final = 32  # an honest chain of four zones costs about ten; the KeyTrap zones ask for 10,000
HASHES_A_QUESTION: Final = 600  # rounds of SHA-1; a denial four labels deep costs about five times (1 + iterations)


@dataclass(slots=True)
class Work:
    """What is left for one client question; all its validations, also of sub-lookups, share one.

    signatures: verifications, whatever their algorithm. hashes: rounds of SHA-1 for NSEC3.
    """

    signatures: int = SIGNATURES_A_QUESTION
    hashes: int = HASHES_A_QUESTION

    def take_signature(self) -> bool:
        """Count one verification; False when none is left, and it must not be made."""
        if self.signatures < 1:
            return False
        self.signatures -= 1
        return True

    def take_hashes(self, rounds: int) -> bool:
        """Count `rounds` of SHA-1; False when so many are not left, and they must not be made."""
        if rounds > self.hashes:
            return False
        self.hashes -= rounds
        return True
