"""Every scenario of ours is played, and what is no scenario is told with its line."""

from pathlib import Path
from typing import Final

import pytest

from tests.replay.format import BadScenario, read_scenario
from tests.replay.play import PlayFailed, play

SCENARIOS: Final = sorted((Path(__file__).parent / "scenarios").glob("*.rpl"))


@pytest.mark.parametrize("file", SCENARIOS, ids=[file.stem for file in SCENARIOS])
def test_the_daemon_does_as_the_scenario_says(file: Path) -> None:
    play(read_scenario(file.read_text()))


def test_there_are_scenarios() -> None:
    assert {"incident", "alias_chain", "lame", "ghost"} <= {file.stem for file in SCENARIOS}


def play_often(text: str) -> None:
    for seed in range(4):
        play(read_scenario(text), seed)


def edited(name: str, *changes: tuple[str, str]) -> str:
    """A scenario of ours with something in it put otherwise."""
    text = (Path(__file__).parent / "scenarios" / f"{name}.rpl").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (
            "incident",
            ("REPLY QR RD RA SERVFAIL", "REPLY QR RD RA NXDOMAIN"),
            r"line \d+: RCODE SERVFAIL instead of NXDOMAIN",
        ),
        ("incident", ("all ede=13", "all ede=18"), r"line \d+: extended errors \[13.*\] without \[18\]"),
        ("lame", ("IN A 198.51.100.2\nENTRY_END\nSTEP 30", "IN A 198.51.100.9\nENTRY_END\nSTEP 30"), "answer: missing"),
        ("ttl_bounds", ("short.example. 100 IN A", "short.example. 99 IN A"), r"answer: missing .*\b99 A"),
        ("signatures", ("REPLY RD DO", "REPLY RD"), "answer: missing .* RRSIG"),
        ("signatures", ("QR RD RA NOERROR", "QR RD RA AD NOERROR"), "flags QR RD RA instead of QR RD RA AD"),
        ("forward_confined", ("ADDRESS 192.0.2.20", "ADDRESS 192.0.2.21"), "RCODE SERVFAIL instead of NOERROR"),
        ("signatures", ("STEP 30 QUERY", "STEP 22 TIME_PASSES ELAPSE 61\nSTEP 30 QUERY"), "what the scenario does not"),
    ],
    ids=["rcode", "ede", "records", "ttl", "signatures", "flags", "silence", "undefined"],
)
def test_a_daemon_that_does_otherwise_fails_the_play(name: str, change: tuple[str, str], says: str) -> None:
    with pytest.raises(PlayFailed, match=says):
        play(read_scenario(edited(name, change)))


def test_a_query_that_the_scenario_does_not_have_fails_the_play() -> None:
    """What the daemon asks and the scenario has no answer for, though the client gets what it should."""
    text = edited("lame", ("MATCH opcode\n", "MATCH opcode qname\n"))
    with pytest.raises(
        PlayFailed, match=r"asked for what the scenario does not have: step \d+: 192\.0\.2\.10 was asked www"
    ):
        play_often(text)


ENTRY = "ENTRY_BEGIN\nREPLY RD\nSECTION QUESTION\nwww.example. IN A\nENTRY_END\n"
BEGIN = "CONFIG_END\nSCENARIO_BEGIN t\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the text ends without SCENARIO_BEGIN"),
        ("stub\n", "line 1: stub is no setting"),
        (BEGIN, "line 2: the text ends without SCENARIO_END"),
        (f"{BEGIN}SCENARIO_END\n", "line 3: a scenario without a step"),
        (f"{BEGIN}ADDRESS 192.0.2.1\n", "line 3: ADDRESS is not expected here"),
        (f"{BEGIN}RANGE_BEGIN 0 x\n", "line 3: expected RANGE_BEGIN with the numbers"),
        (f"{BEGIN}STEP 1 TIME_PASSES\n", "line 3: STEP 1 TIME_PASSES cannot be played"),
        (f"{BEGIN}STEP 2 NOTHING\nSTEP 1 NOTHING\n", "line 4: step 1 stands behind step 2"),
        (f"{BEGIN}STEP 1 QUERY\nSCENARIO_END\n", "line 3: QUERY without an entry"),
        (f"{BEGIN}STEP 1 QUERY\nENTRY_BEGIN\n", "line 4: an entry without ENTRY_END"),
        (f"{BEGIN}STEP 1 QUERY\nENTRY_BEGIN\nwww.example.\n", r"line 5: www\.example\. is not expected in an entry"),
        (f"{BEGIN}STEP 1 QUERY\n{ENTRY.replace('REPLY', 'MATCH')}", "line 5: MATCH RD is not known"),
        (f"{BEGIN}STEP 1 QUERY\n{ENTRY.replace('REPLY', 'ADJUST')}", "line 5: ADJUST RD is not known"),
        (f"{BEGIN}STEP 1 QUERY\n{ENTRY.replace('RD', 'QD')}", "line 5: REPLY QD is neither"),
        (f"{BEGIN}STEP 1 QUERY\n{ENTRY.replace('IN A', 'IN WHAT')}", "line 7: no record of the question section"),
        (
            f"{BEGIN}STEP 1 QUERY\n{ENTRY.replace('ENTRY_END', 'SECTION ANSWER' + chr(10) + 'www. A 192.0.2' + chr(10))}",
            "line 9: no record of the answer section",
        ),
    ],
)
def test_what_is_no_scenario_is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(BadScenario, match=f"^{says}"):
        read_scenario(text)


@pytest.mark.parametrize(
    ("setting", "says"),
    [("trust-anchor: . DS 1", "line 1: trust-anchor"), ("cache-max-ttl: long", "line 1: cache-max-ttl")],
)
def test_a_setting_that_is_not_known_here_is_told_with_its_line(setting: str, says: str) -> None:
    text = f"{setting}\n{BEGIN}STEP 1 QUERY\n{ENTRY}SCENARIO_END\n"
    with pytest.raises(BadScenario, match=f"^{says}"):
        play(read_scenario(text))
