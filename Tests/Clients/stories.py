"""What is promised to clients of the provider, told with the clients they use today."""

import concurrent.futures
import json
import os
import pathlib
import random
import socket
import ssl
import sys

import client_certificates
import http2_pages
import live_changes
import page_stories
import schemas
import tokens
from expectations import expect, expect_equal
from programs import Program
from relay import client_key, secret_file, start_relay, tenant, zone
from seen import by_kind, closing, expect_refusal, expect_told_by_websocket, finals, of_type
from standin import StandIn

HERE = pathlib.Path(__file__).parent
AUDIO = HERE / "speech.wav"
QUERY = "sample_rate=16000&format_turns=true&keyterms_prompt=%5B%22tide+gate%22%2C%20%22%C3%BCn%22%5D&&x=%2f"
SESSION_SECONDS = 30
KILLS = 20
ALLOWED_ORIGIN, OTHER_ORIGIN = "https://app.example", "https://evil.example"


class Harbour:
    """The stand-in, a relay before it, one tenant pinned to each zone, and one at home in both `us` and `eu`."""

    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.standin = StandIn(binaries)
        self.keys = {name: client_key() for name in self.standin.zones}
        tenants = {f"pinned-to-{name}": tenant(name, key, origins=[ALLOWED_ORIGIN])
                   for name, key in self.keys.items()}
        self.keys["both"] = client_key()
        tenants["at-home-in-both"] = tenant(["us", "eu"], self.keys["both"])
        self.relay, self.port = start_relay(
            binaries, folder, self.standin.certificate,
            zones={name: self._zone(folder, name) for name in self.standin.zones}, tenants=tenants,
            tokens={"signing_keys": [{"file": str(secret_file(folder, "token-key", os.urandom(32).hex()))}]},
            limits={"refusals_per_minute": 100_000})  # every reason is to be heard, from one address
        self.configuration = folder / "tidegate.yaml"
        self.received = []

    def _zone(self, folder, name):
        key_file = secret_file(folder, f"key-{name}", self.standin.key(name))
        return zone(f"wss://{self.standin.host(name)}/v3/ws", key_file, self.standin.authority)

    @property
    def host(self):
        return f"localhost:{self.port}"

    def start(self, client, host, key, prefix="", query=QUERY, **more):
        """Starts one client program toward a host; `prefix` and `query` say how it asks for a zone."""
        authority = str(self.standin.authority)
        environment = {**os.environ, "SSL_CERT_FILE": authority, "NODE_EXTRA_CA_CERTS": authority,
                       "NODE_PATH": "/usr/share/nodejs"}
        is_url = client in RAW_CLIENTS
        target = {"url": f"wss://{host}{prefix}/v3/ws?{query}"} if is_url else {"host": host + prefix}
        arguments = json.dumps({**target, "key": key, "audio": str(AUDIO), **more})
        return Program([*COMMANDS[client], arguments], environment)

    def run(self, client, host, key, **more):
        """Runs one client program to its end; returns what it saw, by kind of event."""
        with self.start(client, host, key, **more) as program:
            status = program.wait(SESSION_SECONDS)
        self.received.append(program.printed())
        expect(status == 0, f"{client} ended with {status}:\n{program.printed()}")
        return by_kind(program.events())

    def end(self):
        """Stops both programs; returns their exit statuses."""
        return [program.stop() for program in (self.relay, self.standin.program)]


COMMANDS = {
    "sdk": [sys.executable, str(HERE / "sdk_client.py")],
    "websocket-client": [sys.executable, str(HERE / "websocket_client.py")],
    "ws": ["node", str(HERE / "ws_client.js")],
    "fetch": ["node", str(HERE / "fetch_client.js")],
}
RAW_CLIENTS = ["websocket-client", "ws"]
STREAMING_CLIENTS = ["sdk", *RAW_CLIENTS]


def stories(harbour):
    """Name, action and its arguments of each story, in order."""
    for client in STREAMING_CLIENTS:
        for name in harbour.standin.zones:
            yield f"{client} streams through the relay to {name} as it does directly", streams, client, name
    for client in STREAMING_CLIENTS:
        yield f"{client} with a wrong key is told so", wrong_key, client
        yield f"{client} asking for a zone outside its residency is refused", outside_residency, client
    for client in RAW_CLIENTS:
        yield f"{client} of an unlisted origin is refused", wrong_origin, client
        yield f"{client} of a listed origin is served", listed_origin, client
    yield f"{KILLS} clients killed at any moment leave no session behind", killed_clients
    yield "the provider key is in nothing that a client receives", key_not_received
    yield "the provider key is in no log line", key_not_logged
    yield "the printed schemas take the example and refuse what is faulty in it", schemas_judge_the_example
    yield from tokens.stories()
    yield from live_changes.stories()
    yield from page_stories.stories()
    yield "the sockets of a page share one HTTP/2 connection", http2_pages.sockets_share_a_connection
    yield from client_certificates.stories()
    yield "both programs end cleanly on SIGTERM", end_cleanly


def streams(harbour, client, name):
    before = len(harbour.standin.ledger())
    direct = harbour.run(client, harbour.standin.host(name), harbour.standin.key(name))
    relayed = harbour.run(client, harbour.host, harbour.keys[name])
    expect(finals(direct), "the direct run has no transcript to compare with")
    expect_equal(finals(relayed), finals(direct), "transcripts")
    expect_equal(closing(relayed), closing(direct), "the close")
    expect_equal(closing(relayed)[0], 1000, "the close code")
    expect_equal(len(of_type(relayed, "Begin") or relayed["begin"]), 1, "messages of type Begin")
    expect_equal(len(of_type(relayed, "Termination") or relayed["termination"]), 1, "messages of type Termination")

    by_itself, through_relay = harbour.standin.settled(before)
    expect_equal(through_relay.zone, name, "the zone that was dialled")
    # The ledger has the key's name in its place.
    expect_equal(through_relay.authorization, (f"{{key:{name}}}",), "the Authorization headers")
    expect_equal(through_relay.query, by_itself.query, "the query")
    expect_equal(through_relay.ended, "terminated", "how the session ended")


def wrong_key(harbour, client):
    before = len(harbour.standin.ledger())
    seen = harbour.run(client, harbour.host, client_key())
    expect_refusal(client, seen, "unauthenticated", 401, 4401)
    expect_equal(harbour.standin.settled(before), [], "sessions dialled")


def outside_residency(harbour, client):
    before = len(harbour.standin.ledger())
    # The SDK writes its own query, but takes a path before `/v3/ws`.
    ask = {"prefix": "/us"} if client == "sdk" else {"query": "zone=us&" + QUERY}
    seen = harbour.run(client, harbour.host, harbour.keys["eu"], **ask)
    expect_refusal(client, seen, "residency", 403, 4403)
    expect_equal(harbour.standin.settled(before), [], "sessions dialled")


def wrong_origin(harbour, client):
    before = len(harbour.standin.ledger())
    seen = harbour.run(client, harbour.host, harbour.keys["eu"], origin=OTHER_ORIGIN)
    expect_told_by_websocket(seen, 4403)
    expect_equal(harbour.standin.settled(before), [], "sessions dialled")


def listed_origin(harbour, client):
    seen = harbour.run(client, harbour.host, harbour.keys["eu"], origin=ALLOWED_ORIGIN)
    expect_equal(closing(seen)[0], 1000, "the close code")


def killed_clients(harbour):
    seed = int(os.environ.get("TIDEGATE_SEED", random.randrange(1 << 32)))
    moments = random.Random(seed)
    before = len(harbour.standin.ledger())
    # The last moments lie past a session's natural end, so a few clients finish on their own terms.
    plan = [(STREAMING_CLIENTS[number % len(STREAMING_CLIENTS)], moments.uniform(0, 1.4)) for number in range(KILLS)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda kill: kill_client(harbour, *kill), plan))
    sessions = harbour.standin.settled(before)
    unfinished = [session for session in sessions if session.ended != "terminated"]
    expect(not unfinished, f"seed {seed}: left behind: {unfinished}")
    expect(len(sessions) >= KILLS // 2, f"seed {seed}: only {len(sessions)} of {KILLS} clients had a session")


def kill_client(harbour, client, seconds):
    with harbour.start(client, harbour.host, harbour.keys["eu"]) as program:
        program.wait_for("stdout", lambda line: line.get("event") == "connecting")
        try:
            program.wait(seconds)
        except AssertionError:
            pass  # still running when its moment came, so it has been killed
    harbour.received.append(program.printed())


def key_not_received(harbour):
    everything = "\n".join(harbour.received) + raw_session(harbour, "eu")
    for name in harbour.standin.zones:
        expect(harbour.standin.key(name) not in everything, f"a client received the key of {name}")


def raw_session(harbour, name):
    """Every byte that a client is sent, from the first of the response head to the end of the connection."""
    context = ssl.create_default_context(cafile=str(harbour.standin.authority))
    with socket.create_connection(("localhost", harbour.port), timeout=SESSION_SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as wire:
            wire.sendall(
                f"GET /v3/ws?{QUERY} HTTP/1.1\r\nHost: {harbour.host}\r\nConnection: Upgrade\r\n"
                f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                f"Authorization: {harbour.keys[name]}\r\n\r\n".encode())
            terminate = b'{"type":"Terminate"}'
            # A mask of zeros leaves the payload readable; both frames are final.
            wire.sendall(bytes([0x81, 0x80 | len(terminate), 0, 0, 0, 0]) + terminate)
            received = b""
            while piece := wire.recv(65536):
                received += piece
                if b"Session Ended" in received:
                    wire.sendall(bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]))
    text = received.decode("latin-1")
    expect("101" in text.partition("\r\n")[0] and "Termination" in text, f"not a whole session: {text!r}")
    return text


def key_not_logged(harbour):
    log = harbour.relay.printed()
    expect("listening" in log, "there is no log to look at")
    for name in harbour.standin.zones:
        expect(harbour.standin.key(name) not in log, f"the provider key of {name} is in the log")
        expect(harbour.keys[name] not in log, f"the client key of a tenant of {name} is in the log")


def schemas_judge_the_example(harbour):
    for kind, path in schemas.example_files():
        text = path.read_text()
        expect_equal(schemas.faults(harbour.binaries, kind, text), [], f"faults of {path.name}")
        expect(schemas.faults(harbour.binaries, kind, text + "\nunheard_of: 1\n"), f"{path.name} may hold any key")
    text = schemas.example_files()[0][1].read_text()
    for right, wrong in [("ping: 20s", "ping: 20"), ("zone: eu  ", "zone: EU  "), ("sessions: 9000", "sessions: 0")]:
        expect(right in text, f"the example says {right}")
        expect(schemas.faults(harbour.binaries, "config", text.replace(right, wrong, 1)), f"{wrong} is taken")


def end_cleanly(harbour):
    expect_equal(harbour.end(), [0, 0], "exit statuses of relay and stand-in")
