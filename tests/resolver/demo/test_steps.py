"""The tour shows what it promises, of names that are there."""

from resolver.demo.internet import build_internet, read_fixtures
from resolver.demo.steps import HEAL_SECONDS, STEPS


def test_the_tour_shows_internal_names_aliases_the_incident_and_an_outage() -> None:
    asked = {(step.qname, step.qtype) for step in STEPS}
    assert {
        ("web.internal", "AAAA"),
        ("ams.web.internal", "AAAA"),
        ("top2.nearest.of.web.internal", "AAAA"),
        ("vms.web.internal", "TXT"),
        ("alias.src.test", "A"),
        ("alias.src.test", "TXT"),
        ("brief.src.test", "A"),
    } <= asked


def test_whatever_a_step_breaks_a_later_one_heals() -> None:
    internet = build_internet(read_fixtures())
    for step in STEPS:
        if step.change is not None:
            step.change(internet)
    assert all(server.behaviours == server.usual for server in internet.servers.values())


def test_the_healed_target_is_waited_for_as_long_as_is_promised() -> None:
    [patience] = [step.patience for step in STEPS if step.patience]
    assert patience == HEAL_SECONDS <= 6
