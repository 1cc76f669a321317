"""The report: well-formed, alone, escaped, the same every time, and readable without colour or pictures."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from app.sample_results import (
    WIREGUARD,
    full_result,
    hostile_result,
    judge,
    make_report,
    make_result,
    make_tunnel,
)
from licet.app.report.html import TUNNELS_MAX, html_report
from licet.app.report.jsonl import json_line, tunnel_object
from licet.model.verdict import REGISTERED, UNDETERMINED

VOID = {"meta", "br", "wbr"}
RESULTS = {
    "full": full_result(),
    "hostile": hostile_result(),
    "empty": make_result(captures=(make_report(timeline=None, packets=0, flows=0, bytes=0),)),
    "no capture": make_result(captures=()),
    "mesh": make_result(judge(make_tunnel(None, WIREGUARD, tunnel_class="mesh"), UNDETERMINED, snapshot=None)),
}


class Page(HTMLParser):
    """Collects elements and text; fails on an element that is closed out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(params=RESULTS, scope="module")
def page(request) -> Page:
    return Page(html_report(RESULTS[request.param]))


def test_nothing_runs_and_nothing_is_fetched(page):
    assert not {tag for tag, _ in page.elements} & {"script", "iframe", "object", "embed", "link", "img", "form", "a"}
    for tag, attributes in page.elements:
        assert not set(attributes) & {"src", "href", "srcset", "style", "action"}
        assert not [name for name in attributes if name.startswith("on")], tag


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_the_file_names_no_place_on_the_network(result):
    text = html_report(result)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)


def test_every_identifier_is_there_once_and_every_reference_finds_one(page):
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    referred = {attributes["aria-labelledby"] for _, attributes in page.elements if "aria-labelledby" in attributes}
    assert referred <= set(identifiers)


def test_pictures_have_words_and_tables_have_captions(page):
    for svg in page.all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-label"])
    assert len(page.all("table")) == len(page.all("caption"))
    assert all("scope" in attributes for attributes in page.all("th"))
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en"}]


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_hostile_names_are_text():
    text = html_report(hostile_result())
    assert "<script" not in text
    assert "alert(&#39;x&#39;)" in text
    assert "<i>" not in text
    assert not set(text) & set("\x1b\x07\u202e\r")
    text.encode()


def test_the_same_result_gives_the_same_bytes_however_long_it_took():
    assert html_report(full_result()) == html_report(replace(full_result(), seconds=99.0))


def test_every_tunnel_is_there_with_its_reason_evidence_and_numbers():
    text = Page(html_report(full_result())).text()
    for judged in full_result().tunnels:
        assert judged.verdict.reason in text
        assert judged.service_title in text
        assert judged.tunnel.evidence[0].rule in text
    assert "192.0.2.10:51820/udp" in text
    assert "not on this network's register" in text
    assert "9 VPN tunnels recognised in 29 MB of traffic. 3 belong to registered services." in text
    assert "serial 12, sha256:" in text
    assert "licet replay verdict.json office.pcap --registry FILE" in text


def test_a_time_within_a_reason_is_kept_whole_and_the_rest_escaped():
    judged = judge(make_tunnel("192.0.2.1:1/udp", WIREGUARD), REGISTERED, "<b> until 2027-01-01T00:00:00Z.")
    assert '&lt;b&gt; until <span class="whole">2027-01-01T00:00:00Z</span>.' in html_report(make_result(judged))


def test_verdicts_are_told_without_colour():
    text = Page(html_report(full_result())).text()
    for words in ("✓ registered", "≠ conflict", "○ not registered", "? undetermined"):
        assert words in text
    assert "unregistered" not in text.replace("This is the reason for unregistered.", "")


def test_the_command_that_picks_a_verdict_finds_its_line():
    first = full_result().tunnels[0]
    command = next(c for c in re.findall(r"<code>(.*?)</code>", html_report(full_result())) if c.startswith("grep"))
    pattern = shlex.split(unescape(command))[2]
    assert [pattern in json_line(tunnel_object(j)) for j in full_result().tunnels] == [True] + [False] * 8
    assert first.tunnel.server.address in pattern


def test_what_was_lost_is_said():
    captures = (make_report(evicted={"flows": 7}, problem="the file ends within a packet"),)
    text = Page(html_report(make_result(captures=captures))).text()
    assert "7 flows" in text
    assert "Reading ended early: the file ends within a packet" in text


def test_many_tunnels_are_counted_but_not_all_written_out():
    one = judge(make_tunnel("192.0.2.10:51820/udp", WIREGUARD), REGISTERED)
    page = Page(html_report(make_result(*[one] * (TUNNELS_MAX + 7))))
    assert len(page.all("article")) == TUNNELS_MAX
    assert "7 more tunnels" in page.text()
