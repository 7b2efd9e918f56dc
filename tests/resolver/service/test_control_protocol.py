"""Requests and replies as lines of JSON."""

import msgspec
import pytest

from resolver.service.control_protocol import (
    CacheFlush,
    CacheList,
    CacheShow,
    End,
    Explain,
    Line,
    Request,
    RowLine,
    Stats,
    Status,
)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('{"ask":"status"}', Status()),
        ('{"ask":"stats"}', Stats()),
        ('{"ask":"cache_show","name":"www.example."}', CacheShow("www.example.")),
        ('{"ask":"cache_list","sort":"hits","limit":5}', CacheList(sort="hits", limit=5)),
        ('{"ask":"cache_flush","name":"example.","subtree":true}', CacheFlush("example.", subtree=True)),
        ('{"ask":"explain","name":"web.internal.","type":"AAAA","network":24}', Explain("web.internal.", "AAAA", 24)),
    ],
)
def test_a_request_is_told_by_what_it_asks(text: str, request_: Request) -> None:
    assert msgspec.json.decode(text, type=Request) == request_


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="no tag"),
        pytest.param('{"ask":"reboot"}', id="unknown request"),
        pytest.param('{"ask":"cache_show"}', id="no name"),
        pytest.param('{"ask":"cache_show","name":"a","nmae":"b"}', id="unknown field"),
        pytest.param('{"ask":"cache_list","sort":"age"}', id="unknown order"),
        pytest.param('{"ask":"cache_list","limit":-1}', id="negative limit"),
        pytest.param('{"ask":"explain","name":"' + "a" * 1101 + '"}', id="longer than any name"),
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Request)


@pytest.mark.parametrize("line", [RowLine(msgspec.Raw(b'{"forgotten":3}')), End(rows=3), End(rows=0, error="why")])
def test_a_line_of_a_reply_is_read_back(line: Line) -> None:
    octets = msgspec.json.encode(line)
    assert b"\n" not in octets
    assert msgspec.json.encode(msgspec.json.decode(octets, type=Line)) == octets
