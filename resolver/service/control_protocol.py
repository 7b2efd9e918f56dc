"""What is said over the control socket: lines of JSON, each a tagged Struct.

A client sends one request per line. The daemon answers with any number of RowLines, then one End; then it reads the next
request. What a row is depends on the request. Names and types are presentation text, for programs other than ours.
"""

from typing import Annotated, Final, Literal

import msgspec

from cache.inspection import Order
from resolver.observe.options import Level
from resolver.observe.query_log import Mode
from resolver.service.snapshot_protocol import CacheExport, CacheImport
from resolver.service.trust_protocol import TrustRequest

# of who may change something: an imported denial can have 400 kB, signed proof in base64; what takes longest to read of so many
# takes 1.9 ms, which nobody sends who means well
MAX_REQUEST_OCTETS: Final = 1 << 19
MAX_LOOK_OCTETS: Final = 1 << 14  # of who may only look: some names, each letter of them escaped
MAX_SORTED: Final = 10_000  # rows; the first of a sorted list are held while the cache is walked, some 100 octets each

MAX_TOP: Final = 1000  # rows of one frame
MIN_TOP_INTERVAL: Final = 1.0  # s; a look at a million names takes 0.2 s of the daemon's time
MAX_TOP_INTERVAL: Final = 3600.0  # s
MAX_NETWORK: Final = 2**32 - 1
MAX_LOGGED_FOR: Final = 86400.0  # s: what an operator forgets ends by itself

Duration = Annotated[float, msgspec.Meta(ge=1, le=MAX_LOGGED_FOR)]
Network = Annotated[int, msgspec.Meta(ge=0, le=MAX_NETWORK)]
CheckState = Literal["ok", "remark", "problem"]
Forgettable = Literal["negative", "failures"]
_Text = Annotated[str, msgspec.Meta(max_length=1100)]


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask"):
    """What all requests share: how they are told apart."""


class Status(_Request, frozen=True, tag="status"):
    """Is the daemon well? -> StatusRow, once."""


class Stats(_Request, frozen=True, tag="stats"):
    """Every counter -> StatRows."""


class Checks(_Request, frozen=True, tag="checks"):
    """Is all well that the daemon rests on? -> CheckRows."""


class Reload(_Request, frozen=True, tag="reload"):
    """Go by the config's file as it is now -> ReloadRow, once."""


class HandSockets(_Request, frozen=True, tag="hand_sockets"):
    """Give whoever wants to take over the sockets that clients ask at -> HandedRow, which they come with, and no End.

    Nothing changes by it: both may read from them from here on, and one of them should.
    """


class StepDown(_Request, frozen=True, tag="step_down"):
    """Take no more queries, answer what is in flight and end: `pid` has taken over -> nothing but an End, if even that."""

    pid: int


class ConfigShow(_Request, frozen=True, tag="config_show"):
    """What does the daemon go by? -> ConfigRow, once."""


class CacheShow(_Request, frozen=True, tag="cache_show"):
    """What is cached of one name -> EntryRows. type "": all types."""

    name: _Text
    type: _Text = ""


class CacheList(_Request, frozen=True, tag="cache_list"):
    """What is cached at or below a zone -> EntryRows, as of the moment of the request.

    is_stale, is_negative: only what is past its TTL and could still be given; only denials, fresh or not. sort: ttl (soonest
    to expire first), size or hits (most first), or "" as they lie; a sorted list has at most MAX_SORTED rows. limit: at most
    so many rows; 0: no limit.
    """

    zone: _Text = "."
    type: _Text = ""
    is_stale: bool = False
    is_negative: bool = False
    sort: Order | Literal[""] = ""
    limit: Annotated[int, msgspec.Meta(ge=0)] = 0


class FailureList(_Request, frozen=True, tag="cache_failures"):
    """Which questions at or below a zone are left alone because they failed -> FailureRows. limit: at most so many; 0: all."""

    zone: _Text = "."
    type: _Text = ""
    limit: Annotated[int, msgspec.Meta(ge=0)] = 0


class CacheFlush(_Request, frozen=True, tag="cache_flush"):
    """Forget a name, one type of it, or all at and below it -> FlushRow, once.

    only: denials, remembered failures, or both, and nothing else; () is everything.
    """

    name: _Text
    type: _Text = ""
    subtree: bool = False
    only: tuple[Forgettable, ...] = ()


class ServerList(_Request, frozen=True, tag="servers"):
    """What is known of the servers that were asked -> ServerRows.

    host: only this one, at all of its ports. zone: those that would be asked about this zone, heard of or not.
    """

    host: _Text = ""
    zone: _Text = ""


class ServersWorst(_Request, frozen=True, tag="servers_worst"):
    """Which servers are silent, late or slow -> ServerRows, the worst first. most: rows."""

    most: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOP)] = 20


class ZonesWorst(_Request, frozen=True, tag="zones_worst"):
    """Which zones were waited for, within so many seconds up to now -> ZoneRows, the worst first. most: rows."""

    most: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOP)] = 20
    within: Annotated[float, msgspec.Meta(gt=0, le=MAX_TOP_INTERVAL)] = 60.0


class Explain(_Request, frozen=True, tag="explain"):
    """Why a question would get its answer -> LinkRows, ChainRows, then a VerdictRow. network: whose `.internal` is meant.

    ChainRows, as of TrustChain, are of answers that validation has judged, and of those that it refused.
    """

    name: _Text
    type: _Text = "A"
    network: int | None = None


class Resolve(_Request, frozen=True, tag="resolve"):
    """Resolve a question for real -> TraceRows while it goes on, then the rows of Explain of the answer.

    It is done as for a client: what the cache has is taken from it, and what is learned is kept.
    """

    name: _Text
    type: _Text = "A"
    network: int | None = None


class Busy(_Request, frozen=True, tag="busy"):
    """Which machines have most questions waiting -> BusyRows, the busiest first. most: rows."""

    most: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOP)] = 20


class CacheTop(_Request, frozen=True, tag="cache_top"):
    """The most asked names -> TopFrames, one each `interval` seconds. most: rows of a frame; frames: 0 for no end."""

    most: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOP)] = 20
    interval: Annotated[float, msgspec.Meta(ge=MIN_TOP_INTERVAL, le=MAX_TOP_INTERVAL)] = 2.0
    frames: Annotated[int, msgspec.Meta(ge=0)] = 0


class StateOf(_Request, frozen=True, tag="state_status"):
    """How the state database is -> StateStatus, once."""


class StateApps(_Request, frozen=True, tag="state_apps"):
    """The apps of one network, or of all -> AppRows."""

    network: Network | None = None


class StateMachines(_Request, frozen=True, tag="state_machines"):
    """The machines of one network, or of all; of one app, or (app "") of all -> MachineRows."""

    network: Network | None = None
    app: _Text = ""


class StateNames(_Request, frozen=True, tag="state_names"):
    """Every name of an app, in one network or in all that have it -> NameRows."""

    app: _Text
    network: Network | None = None


class StateFaults(_Request, frozen=True, tag="state_faults"):
    """The rows that hold what they should not, of one network or of all; of one app, or (app "") of all -> FaultRows."""

    network: Network | None = None
    app: _Text = ""


class StateAccept(_Request, frozen=True, tag="state_accept"):
    """Take what is doubtful of the database for the truth -> AcceptedRow, once."""


class StateWatch(_Request, frozen=True, tag="state_watch"):
    """What becomes visible, until the client goes -> ChangeRows. network, app: only changes of these, and those of which nobody
    can tell whose they are; of all without."""

    network: Network | None = None
    app: _Text = ""


class LogShow(_Request, frozen=True, tag="log_show"):
    """What is logged now? -> LogRow, once."""


class LogLevel(_Request, frozen=True, tag="log_level"):
    """Log events of this level for so many seconds -> LogRow. level "": as the config has it, at once."""

    level: Level | Literal[""]
    seconds: Duration = 600.0


class LogQueries(_Request, frozen=True, tag="log_queries"):
    """Log queries for so many seconds -> LogRow. network: only its clients'; None: of all."""

    mode: Mode
    network: Network | None = None
    seconds: Duration = 600.0


LogRequest = LogShow | LogLevel | LogQueries
StateRequest = StateOf | StateApps | StateMachines | StateNames | StateFaults | StateAccept
ConfigRequest = Reload | ConfigShow
CacheRequest = CacheShow | CacheList | CacheTop | FailureList | CacheFlush | CacheExport | CacheImport
RowRequest = (
    Status
    | Stats
    | Checks
    | StepDown
    | ConfigRequest
    | CacheRequest
    | ServerList
    | ServersWorst
    | ZonesWorst
    | Busy
    | StateWatch
    | Explain
    | Resolve
    | StateRequest
    | LogRequest
    | TrustRequest
)  # answered with rows alone
Request = RowRequest | HandSockets


class AcceptedRow(msgspec.Struct, frozen=True):
    """How many units are read again because of it."""

    units: int


class FlushRow(msgspec.Struct, frozen=True):
    """How many entries and remembered failures were forgotten."""

    forgotten: int


class LogRow(msgspec.Struct, frozen=True):
    """What is logged. level_for, queries_for: seconds until it is again as the config has it; None: it is.

    network: whose queries; None: of all.
    """

    level: Level
    level_for: float | None
    queries: Mode
    network: int | None
    queries_for: float | None


class NameRow(msgspec.Struct, frozen=True):
    """One RRset at a name, as a client of the network gets it. type "": there is none, see rcode. rdata: presentation text."""

    network: int
    owner: str
    type: str
    rcode: str
    rdata: tuple[str, ...] = ()


class BusyRow(msgspec.Struct, frozen=True):
    """One machine, by its address or the prefix that counts as one. waiting: queries that wait for its turn.

    in_flight: questions that wait for their answer.
    """

    machine: str
    waiting: int
    in_flight: int


class StatRow(msgspec.Struct, frozen=True):
    """One counter. label: "rcode=NXDOMAIN" and its like for a labelled one, else ""."""

    name: str
    value: float
    label: str = ""
    help: str = ""


class StatusRow(msgspec.Struct, frozen=True):
    """The daemon in one row. uptime: seconds; problems: what does not work now, one sentence each.

    remarks: what should be mended although everything is answered, one sentence each.
    """

    version: str
    uptime: float
    listening: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class CheckRow(msgspec.Struct, frozen=True):
    """One check. text: what is the case. since: seconds for which the state is so. A problem makes the daemon unready."""

    name: str
    state: CheckState
    text: str
    since: float


class ReloadRow(msgspec.Struct, frozen=True):
    """changed: the options that have another value now. needs_restart: those that have it only after a restart.

    problems: why nothing was changed, one sentence each; () when the file is gone by.
    """

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class HandedRow(msgspec.Struct, frozen=True):
    """Who gives its sockets away. problems: what keeps it from being ready, as a StatusRow has them."""

    pid: int
    version: str
    problems: tuple[str, ...] = ()


class ConfigRow(msgspec.Struct, frozen=True):
    """options: all of them, with their paths made absolute. hash: as /metrics has it. loaded_at: seconds since the epoch."""

    options: msgspec.Raw
    hash: int
    loaded_at: float


class RowLine(msgspec.Struct, frozen=True, tag_field="line", tag="row"):
    """One row, as JSON."""

    row: msgspec.Raw


class End(msgspec.Struct, frozen=True, tag_field="line", tag="end"):
    """The reply is over. rows: how many there were; error: "" or why there are no (more) rows.

    is_refused: the request is what is wrong, and it will be wrong again.
    """

    rows: int
    error: str = ""
    is_refused: bool = False


Line = RowLine | End
