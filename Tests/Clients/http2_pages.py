"""A page whose sockets share one HTTP/2 connection, as the browser's own net log tells it."""

import contextlib
import json
import pathlib
import tempfile

from browser import Browser
from expectations import expect, expect_equal
from page_stories import OWN, UNKNOWN, Shore
from seen import by_kind, closing, expect_told_by_websocket, finals


def sockets_share_a_connection(harbour):
    with tempfile.TemporaryDirectory(prefix="tidegate-net-log-") as folder, Shore(harbour, with_browser=False) as shore:
        log = pathlib.Path(folder) / "net-log.json"
        with Browser([OWN], shore.standin.certificate[0], [f"--log-net-log={log}"]) as browser:
            before = len(shore.ledger())
            url = f"wss://{shore.relay}/v3/ws?sample_rate=16000&token="
            plan = {"warm": f"https://{shore.relay}/v3/token", "sockets": [
                {"url": url + shore.mint()},
                {"url": url + shore.mint(), "leave": {"code": 4321, "reason": "genug – danke"}},
                {"url": url + "tgt_nobody"},
            ]}
            heard, left, refused = map(by_kind, shore.pages.visit(browser, OWN, plan, page="sockets.html"))
            sessions = shore.settled(before)
        expect_equal(over_http2(log), [3], "sockets on each HTTP/2 connection")
    expect_equal(sorted(session.ended for session in sessions), ["terminated", "terminated"], "the sessions")
    expect(finals(heard) and finals(left), "there is no transcript")
    expect_equal(closing(heard), (1000, "Session Ended"), "the provider's close")
    expect_equal(closing(left), (4321, "genug – danke"), "the answer to the page's own close")
    expect(all(seen["closed"][0]["wasClean"] for seen in [heard, left, refused]), "a close is not clean")
    expect(expect_told_by_websocket(refused, 4401).startswith(UNKNOWN), "the refusal")


def over_http2(log):
    """How many WebSockets were opened on each HTTP/2 connection."""
    constants, events = read(log)
    sent = constants["logEventTypes"]["HTTP2_SESSION_SEND_HEADERS"]
    opened = [event["source"]["id"] for event in events if event["type"] == sent
              and ":protocol: websocket" in event.get("params", {}).get("headers", [])]
    return [opened.count(connection) for connection in sorted(set(opened))]


def read(log):
    """The log's constants, and its events, one a line; a browser that is ended may leave the last one unfinished."""
    first, _, *lines = log.read_text().splitlines()
    events = []
    for line in lines:
        with contextlib.suppress(ValueError):
            events.append(json.loads(line.rstrip(",")))
    return json.loads(first.rstrip(",") + "}")["constants"], events
