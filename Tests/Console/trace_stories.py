"""Spans of sessions arrive at a collector, say what happened, and hold nothing that must not leave the relay."""

import contextlib
import json
import secrets
import socket
import ssl
import time

from crowd import handshake
from expectations import expect, expect_equal


def stories(collector):
    return [
        ("a session is a part of its client's trace", lambda *harbour: belongs(collector, *harbour)),
        ("a client that does not record its trace is not recorded", lambda *harbour: unsampled(collector, *harbour)),
        ("a refused session leaves a span that failed", lambda *harbour: refused(collector, *harbour)),
        ("no span holds a key, a token or a query", lambda *harbour: silent(collector, *harbour)),
    ]


def belongs(collector, harbour, _):
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    fields = {"traceparent": f"00-{trace}-{parent}-01", "tracestate": "vendor=hush-hush"}
    session(harbour, "acme-gmbh", "/v3/ws?sample_rate=16000&prompt=hush-hush", fields)
    spans = {span["name"]: span for span in collector.trace(trace, 5)}
    expect_equal(set(spans), {"session", "decide", "dial", "begin", "relay"}, "the spans")
    whole = spans.pop("session")
    expect_equal((whole["parentSpanId"], whole["kind"]), (parent, 2), "the session")
    expect_equal({span["parentSpanId"] for span in spans.values()}, {whole["spanId"]}, "the parents of the others")
    facts = {fact["key"]: next(iter(fact["value"].values())) for fact in whole["attributes"]}
    expect_equal((facts["tidegate.tenant"], facts["tidegate.zone"]), ("acme-gmbh", "eu"), "the facts")
    for span in spans.values():
        expect(int(whole["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
               <= int(whole["endTimeUnixNano"]), f"times: {span}")
    now = time.time_ns()
    expect(now - 60 * 10**9 < int(whole["startTimeUnixNano"]) < now, f"when: {whole}")


def unsampled(collector, harbour, _):
    trace = secrets.token_hex(16)
    session(harbour, "globex", "/v3/ws", {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-00"})
    after = secrets.token_hex(16)
    session(harbour, "globex", "/v3/ws", {"traceparent": f"00-{after}-{secrets.token_hex(8)}-01"})
    collector.trace(after, 5)
    expect(all(span["traceId"] != trace for span in collector.spans), "it is recorded")


def refused(collector, harbour, _):
    trace = secrets.token_hex(16)
    session(harbour, "acme-gmbh", "/us/v3/ws", {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"})
    whole, = [span for span in collector.trace(trace, 2) if span["name"] == "session"]
    expect_equal(whole["status"], {"code": 2}, "the status")
    expect({"key": "tidegate.refusal", "value": {"stringValue": "residency"}} in whole["attributes"], whole)


def silent(collector, harbour, _):
    everything = json.dumps(collector.requests)
    for secret in [*harbour.keys.values(), *map(harbour.standin.key, harbour.standin.zones), "hush-hush", "sample_rate"]:
        expect(secret not in everything, "a span holds what it must not")
    for path, headers, _ in collector.requests:
        expect_equal((path, headers["Content-Type"]), ("/v1/traces", "application/json"), "the request")
    exported = [line for line in harbour.ask("/metrics").splitlines() if line.startswith("tidegate_trace_spans_total")]
    expect(any(line.endswith(f' {len(collector.spans)}') for line in exported), f"{exported}, {len(collector.spans)}")


def session(harbour, tenant, target, fields):
    """One session, or refusal, to its end."""
    context = ssl.create_default_context(cafile=str(harbour.standin.authority))
    with socket.create_connection(("localhost", harbour.port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection, contextlib.closing(connection):
            head = handshake(target, harbour.port, harbour.keys[tenant])
            more = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            connection.sendall(head[:-2] + more.encode() + b"\r\n")
            answer = connection.recv(4096)
            if b" 101 " in answer:
                while b"Begin" not in answer:
                    answer += connection.recv(4096)
                connection.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
            while connection.recv(4096):
                pass
