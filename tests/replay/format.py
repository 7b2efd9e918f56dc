"""Text in the .rpl format (Unbound's testbound and Deckard) -> a Scenario, or what is wrong with it and where. Pure.

    CONFIG lines "key: value" … CONFIG_END
    SCENARIO_BEGIN title
    RANGE_BEGIN from to / ADDRESS host … / ENTRY_BEGIN … ENTRY_END … / RANGE_END      servers, for the steps from to to
    STEP number QUERY | CHECK_ANSWER, each with an ENTRY; STEP number TIME_PASSES ELAPSE seconds; STEP number NOTHING
    SCENARIO_END

What this reader does not know is an error: a scenario that is half understood proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zonefile

ALL: Final = ("opcode", "qtype", "qname", "flags", "rcode", "answer", "authority", "additional")
SHORTHANDS: Final = {"all": ALL, "question": ("qtype", "qname")}
PLAIN_MATCHES: Final = frozenset({*ALL, "qcase", "subdomain", "ttl", "UDP", "TCP", "DO"})
PLAIN_ADJUSTS: Final = frozenset({"copy_id", "copy_query", "do_not_answer"})
FLAGS: Final = frozenset({"QR", "AA", "TC", "RD", "RA", "AD", "CD"})
SECTIONS: Final = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
DEFAULT_TTL: Final = 3600  # Unbound's, of records without one
END_OF_SCENARIO: Final = "SCENARIO_END"


class BadScenario(ValueError):
    """The text is no scenario that can be played; the message begins with the line's number."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


@dataclass(slots=True)
class Entry:
    """A message: what a server answers, what a client asks, or what it must get. match and adjust: what of it counts."""

    line: int
    match: set[str] = field(default_factory=set)
    ede: set[int] = field(default_factory=set)
    adjust: set[str] = field(default_factory=set)
    delay: float = 0.0
    flags: int = 0
    rcode: int = dns.rcode.NOERROR
    wants_signatures: bool = False
    question: tuple[dns.name.Name, dns.rdatatype.RdataType] | None = None
    records: dict[str, list[dns.rrset.RRset]] = field(default_factory=lambda: {name: [] for name in SECTIONS[1:]})


@dataclass(slots=True)
class Range:
    """Servers that say this while the play is between two steps."""

    line: int
    first: int
    last: int
    hosts: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """One act of the play. seconds: of TIME_PASSES."""

    line: int
    number: int
    kind: str
    seconds: float = 0.0
    entry: Entry | None = None


@dataclass(slots=True)
class Setting:
    """A line of the CONFIG block. clause: the `forward-zone:` or `stub-zone:` that it stands in, by its line; or 0."""

    line: int
    key: str
    value: str
    clause: int = 0


@dataclass(slots=True)
class Scenario:
    title: str = ""
    settings: list[Setting] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class _Lines:
    """The lines that say something, one after the other. number: of the last one, from 1."""

    def __init__(self, text: str) -> None:
        self._lines = list(enumerate(text.splitlines(), 1))
        self._at = 0
        self.number = 1

    def __iter__(self) -> Iterator[str]:
        while self._at < len(self._lines):
            self.number, line = self._lines[self._at]
            self._at += 1
            line = _without_comment(line).rstrip()
            if line:
                yield line


def read_scenario(text: str) -> Scenario:
    """The scenario; raises BadScenario."""
    lines = _Lines(text)
    scenario = Scenario()
    _read_settings(lines, scenario)
    here: Range | None = None
    for line in lines:
        word, *rest = line.split()
        match word:
            case "RANGE_BEGIN":
                here = _range(lines.number, rest)
            case "ADDRESS" if here is not None and rest:
                here.hosts.append(rest[0])
            case "ENTRY_BEGIN" if here is not None:
                here.entries.append(_read_entry(lines))
            case "RANGE_END" if here is not None:
                scenario.ranges.append(here)
                here = None
            case "STEP" if here is None:
                scenario.steps.append(_step(lines.number, rest, scenario.steps))
            case "ENTRY_BEGIN" if scenario.steps and scenario.steps[-1].entry is None:
                scenario.steps[-1].entry = _read_entry(lines)
            case "SCENARIO_END" if here is None:
                return _checked(scenario, lines.number)
            case _:
                raise BadScenario(lines.number, f"{word} is not expected here")
    raise BadScenario(lines.number, f"the text ends without {END_OF_SCENARIO}")


def _read_settings(lines: _Lines, scenario: Scenario) -> None:
    clause = 0
    for line in lines:
        word, *rest = line.split()
        if word == "SCENARIO_BEGIN":
            scenario.title = " ".join(rest)
            return
        if word == "CONFIG_END":
            clause = 0
            continue
        key, colon, value = (part.strip() for part in line.split("#")[0].partition(":"))
        if not key:
            continue
        if not colon:
            raise BadScenario(lines.number, f"{word} is no setting: expected key: value")
        if not value:
            clause = 0 if key == "server" else lines.number
        scenario.settings.append(Setting(lines.number, key, value.strip('"'), clause))
    raise BadScenario(lines.number, "the text ends without SCENARIO_BEGIN")


def _range(line: int, rest: list[str]) -> Range:
    try:
        first, last, *hosts = rest
        return Range(line, int(first), int(last), [host for host in hosts if host != "ADDRESS"])
    except ValueError:
        raise BadScenario(line, "expected RANGE_BEGIN with the numbers of two steps") from None


def _step(line: int, rest: list[str], before: list[Step]) -> Step:
    match rest:
        case [number, ("QUERY" | "CHECK_ANSWER" | "NOTHING") as kind] if number.isdigit():
            step = Step(line, int(number), kind)
        case [number, "TIME_PASSES", "ELAPSE", seconds] if number.isdigit() and _is_number(seconds):
            step = Step(line, int(number), "TIME_PASSES", float(seconds))
        case _:
            raise BadScenario(line, f"STEP {' '.join(rest)} cannot be played here")
    if before and before[-1].number >= step.number:
        raise BadScenario(line, f"step {step.number} stands behind step {before[-1].number}")
    return step


def _checked(scenario: Scenario, line: int) -> Scenario:
    if not scenario.steps:
        raise BadScenario(line, "a scenario without a step")
    for step in scenario.steps:
        if step.kind in ("QUERY", "CHECK_ANSWER") and (step.entry is None or step.entry.question is None):
            raise BadScenario(step.line, f"{step.kind} without an entry that has a question")
    return scenario


def _read_entry(lines: _Lines) -> Entry:
    entry = Entry(lines.number)
    section = ""
    for line in lines:
        word, *rest = line.split()
        match word:
            case "ENTRY_END":
                return entry
            case "MATCH":
                for match in rest:
                    _take_match(entry, match, lines.number)
            case "ADJUST":
                for adjust in rest:
                    _take_adjust(entry, adjust, lines.number)
            case "REPLY":
                for flag in rest:
                    _take_flag(entry, flag.upper(), lines.number)
            case "SECTION" if rest and rest[0] in SECTIONS:
                section = rest[0]
            case _ if section:
                _take_record(entry, section, line, lines.number)
            case _:
                raise BadScenario(lines.number, f"{word} is not expected in an entry")
    raise BadScenario(entry.line, "an entry without ENTRY_END")


def _take_match(entry: Entry, match: str, line: int) -> None:
    if match.startswith("ede=") and match[4:].isdigit():
        entry.ede.add(int(match[4:]))
    elif match in SHORTHANDS:
        entry.match.update(SHORTHANDS[match])
    elif match in PLAIN_MATCHES:
        entry.match.add(match)
    else:
        raise BadScenario(line, f"MATCH {match} is not known here")


def _take_adjust(entry: Entry, adjust: str, line: int) -> None:
    word, _, seconds = adjust.partition("=")
    if word in ("sleep", "packet_sleep") and _is_number(seconds):
        entry.delay = float(seconds)
    elif adjust in PLAIN_ADJUSTS:
        entry.adjust.add(adjust)
    else:
        raise BadScenario(line, f"ADJUST {adjust} is not known here")


def _take_flag(entry: Entry, flag: str, line: int) -> None:
    if flag in FLAGS:
        entry.flags |= dns.flags.from_text(flag)
    elif flag == "DO":
        entry.wants_signatures = True
    else:
        try:
            entry.rcode = dns.rcode.from_text(flag)
        except dns.exception.DNSException:
            raise BadScenario(line, f"REPLY {flag} is neither a flag nor an RCODE") from None


def _take_record(entry: Entry, section: str, line: str, number: int) -> None:
    try:
        if section == "QUESTION":
            qname, *_, rtype = line.split()
            entry.question = dns.name.from_text(qname), dns.rdatatype.from_text(rtype)
            return
        owner = dns.name.from_text(line.split()[0])
        entry.records[section] += dns.zonefile.read_rrsets(
            line,
            rdclass=None,
            default_rdclass="IN",
            default_ttl=DEFAULT_TTL,
            relativize=False,
            origin=owner if "SOA" in line.split() else dns.name.root,  # the reader takes an SOA at its origin only
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise BadScenario(number, f"no record of the {section.lower()} section: {error}") from error


def _without_comment(line: str) -> str:
    """The line up to a semicolon that stands outside of quotes."""
    is_quoted = False
    for at, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        elif character == ";" and not is_quoted:
            return line[:at]
    return line


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
