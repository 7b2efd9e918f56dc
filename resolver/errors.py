"""Which failure gives the client which RCODE and Extended DNS Error: one table, decided here and nowhere else."""

from copy import copy
from typing import ClassVar, Final

from cache.answer import Answer, ExtendedError
from cache.chain import Link
from cache.rrset import RRset
from cache.rrtypes import FORMERR, REFUSED, SERVFAIL, YXDOMAIN

# INFO-CODEs of RFC 8914 §4 and the IANA registry that Cistern gives out.
OTHER = 0
UNSUPPORTED_ALGORITHM = 1
UNSUPPORTED_DIGEST = 2
STALE_ANSWER = 3
DNSSEC_INDETERMINATE = 5
DNSSEC_BOGUS = 6
SIGNATURE_EXPIRED = 7
SIGNATURE_NOT_YET_VALID = 8
DNSKEY_MISSING = 9
RRSIGS_MISSING = 10
NO_ZONE_KEY = 11
NSEC_MISSING = 12
CACHED_ERROR = 13
NOT_READY = 14
BLOCKED = 15
PROHIBITED = 18
STALE_NXDOMAIN = 19
NOT_AUTHORITATIVE = 20
NOT_SUPPORTED = 21
NO_REACHABLE_AUTHORITY = 22
NETWORK_ERROR = 23
INVALID_DATA = 24
EXPIRED_BEFORE_VALID = 25
UNSUPPORTED_ITERATIONS = 27
RATE_LIMITED = 31  # more in flight than is allowed, in all or for this client


class ResolutionFailure(Exception):
    """A question could not be answered. Its class says what the client sees; its text says why, to people.

    The text is short (at most ~60 octets reach the client as EXTRA-TEXT) and never holds another network's data.
    unvalidated: what was said when it failed in validation; for a client that validates for itself (CD=1), and where it is an
    address of a name server of a signed zone, to ask there; nobody else is given it.
    remembered_until: where it was met a short while ago, and nobody was asked now: until when nobody will be (monotonic s).
    """

    rcode: ClassVar[int] = SERVFAIL
    info_code: ClassVar[int] = NETWORK_ERROR
    unvalidated: Link | None = None
    remembered_until: float | None = None

    @property
    def is_remembered(self) -> bool:
        """Was it met a short while ago, and nobody asked now?"""
        return self.remembered_until is not None

    def answer(self) -> Answer:
        """The reply this failure gives."""
        return Answer(rcode=self.rcode, errors=(ExtendedError(self.info_code, str(self)),))


class NoReachableAuthority(ResolutionFailure):
    """Every server of the zone was asked, and none gave an answer that can be used."""

    info_code = NO_REACHABLE_AUTHORITY


class ServersSilent(NoReachableAuthority):
    """Nothing has come from any server of the zone; packets may have been lost, so this is remembered for a short time first."""

    info_code = NO_REACHABLE_AUTHORITY


class NetworkError(ResolutionFailure):
    """An error of the network or of our own sockets, or the state database cannot be read now."""

    info_code = NETWORK_ERROR


class HostExhausted(ResolutionFailure):
    """This host could not send: no descriptors or memory are left, or a packet filter forbids it. It is no server's fault."""

    info_code = NETWORK_ERROR


class DeadlinePassed(ResolutionFailure):
    """The question's deadline came before an answer."""

    info_code = NO_REACHABLE_AUTHORITY


class WorkExhausted(ResolutionFailure):
    """The Budget of one client question is used up, which its text names: queries, names, aliases, referrals, signatures."""

    info_code = OTHER


class AliasChainTooLong(ResolutionFailure):
    """An alias loop, or more aliases than are followed."""

    info_code = INVALID_DATA


class InvalidData(ResolutionFailure):
    """Servers answered, but nothing that a question can be answered with (two CNAMEs at one owner, say)."""

    info_code = INVALID_DATA


class LocalTarget(ResolutionFailure):
    """A public alias ends in, or a public address lies in, what belongs to this platform (DNS rebinding)."""

    rcode = REFUSED
    info_code = BLOCKED


class InternalError(ResolutionFailure):
    """A fault in this program; the log has its traceback."""

    info_code = OTHER


class CachedFailure(ResolutionFailure):
    """A failure remembered from a short while ago (RFC 9520). of: its own INFO-CODE."""

    info_code = CACHED_ERROR

    def __init__(self, text: str, of: int = OTHER) -> None:
        super().__init__(text)
        self.of = of


def again(failure: ResolutionFailure) -> ResolutionFailure:
    """One like it, to be kept, or raised for one more who waited: nothing hangs on it yet.

    A failure that is raised holds on to the frames that it has passed. Kept by what stands in one of them it is garbage that only
    the collector finds, and the oldest garbage is hardly ever looked for: an outage would cost memory as long as it lasts.
    """
    return copy(failure)


def info_code_of(failure: ResolutionFailure) -> int:
    """Its INFO-CODE; of what is remembered, that of the failure that was met."""
    return failure.of if isinstance(failure, CachedFailure) else failure.info_code


def is_of_validation(failure: ResolutionFailure) -> bool:
    """Is it, or was what is remembered, a failure of validation?"""
    return info_code_of(failure) in OF_VALIDATION


def reasons(failure: ResolutionFailure) -> tuple[ExtendedError, ...]:
    """Why stale data is given: the failure, and of a remembered one that was of validation what it was."""
    said = failure.answer().errors
    if isinstance(failure, CachedFailure) and failure.of in OF_VALIDATION:
        return (*said, ExtendedError(failure.of))
    return said


class DenialNotBelieved(ResolutionFailure):
    """The zone denies a name of which a last good answer is preferred (`stale.prefer_positive`)."""

    info_code = STALE_ANSWER


class NameTooLong(ResolutionFailure):
    """DNAME substitution gave a name of more than 255 octets (RFC 6672 §2.2)."""

    rcode = YXDOMAIN
    info_code = INVALID_DATA

    def __init__(self, text: str, dname: RRset | None = None) -> None:
        """dname: the DNAME if it has just been heard, for the cache to keep."""
        super().__init__(text)
        self.dname = dname


class Indeterminate(ResolutionFailure):
    """What would vouch for the zone's keys cannot be had, so that nobody knows if this is what it signed (RFC 4035 §4.3)."""

    info_code = DNSSEC_INDETERMINATE


class Bogus(ResolutionFailure):
    """The zone signs its data, and this is not what it signed (RFC 4035 §4.3). Its subclasses say what is wrong."""

    info_code = DNSSEC_BOGUS


class SignatureExpired(Bogus):
    """No signature is valid any more."""

    info_code = SIGNATURE_EXPIRED


class SignatureNotYetValid(Bogus):
    """No signature is valid yet: the zone's clock or ours is wrong."""

    info_code = SIGNATURE_NOT_YET_VALID


class DnskeyMissing(Bogus):
    """The zone has none of the keys that its parent or a trust anchor vouches for."""

    info_code = DNSKEY_MISSING


class SignatureNeverValid(Bogus):
    """Each signature ends before it begins."""

    info_code = EXPIRED_BEFORE_VALID


class NoZoneKey(Bogus):
    """The key that the parent vouches for has not the flag of a key that signs a zone."""

    info_code = NO_ZONE_KEY


class RrsigsMissing(Bogus):
    """The zone signs its data, and this came without a signature."""

    info_code = RRSIGS_MISSING


class NsecMissing(Bogus):
    """The zone signs its data, and nothing proves that this is not there."""

    info_code = NSEC_MISSING


class Overloaded(ResolutionFailure):
    """As many questions are in flight as are allowed, in all or for this client."""

    info_code = RATE_LIMITED


class Prohibited(ResolutionFailure):
    """This client may not ask this here: unknown network, or another network's address was asked."""

    rcode = REFUSED
    info_code = PROHIBITED


class NotRecursive(ResolutionFailure):
    """RD=0 asks for what is known here, and this is not (RFC 1034 §4.3.1)."""

    rcode = REFUSED
    info_code = NOT_AUTHORITATIVE


class NotServed(ResolutionFailure):
    """A name that is ours to answer on a host that is not set up to."""

    rcode = REFUSED
    info_code = NOT_AUTHORITATIVE


class NotSupported(ResolutionFailure):
    """A class or a type that is not served: zone transfers."""

    rcode = REFUSED
    info_code = NOT_SUPPORTED


class NoQuestion(ResolutionFailure):
    """What is asked for is no type of data: a meta-TYPE, or one reserved for them (RFC 6895 §3.1)."""

    rcode = FORMERR
    info_code = NOT_SUPPORTED


class SentinelFailed(ResolutionFailure):
    """The name says of the root's trusted keys what is not so here (RFC 8509 §3.2)."""

    info_code = OTHER


# What is wrong with what a zone signed, by the INFO-CODE that says so.
_BOGUS: Final = {Bogus.info_code: Bogus} | {one.info_code: one for one in Bogus.__subclasses__()}
OF_VALIDATION: Final = frozenset((*_BOGUS, DNSSEC_INDETERMINATE))
_REMEMBERED: Final[dict[int, type[ResolutionFailure]]] = {
    **_BOGUS,
    **{one.info_code: one for one in (Indeterminate, InvalidData, NetworkError, NoReachableAuthority)},
}


def remembered_failure(info_code: int, text: str, until: float) -> ResolutionFailure:
    """A remembered failure, for what needs its answer: judged as it was when it was met. until: see ResolutionFailure."""
    known = _REMEMBERED.get(info_code)
    failure = CachedFailure(text, info_code) if known is None else known(text)
    failure.remembered_until = until
    return failure
