"""Session tokens: minted with the host changed and nothing else, used as the provider's clients use theirs."""

import collections
import concurrent.futures
import json
import ssl
import subprocess
import threading
import time

import websocket

from expectations import expect, expect_equal
from seen import closing, expect_refusal, expect_told_by_websocket, finals, of_type
from slow_door import SlowDoor

RACERS = 100
RACE_SECONDS = 30
CURL_SECONDS = 10
QUERY = "sample_rate=16000&format_turns=true"
UNKNOWN = "The credential is not known or not accepted here."
EXPIRED = "The credential has expired."
SPENT = "The credential has been used; it opens one session."
ORIGIN, OTHER_ORIGIN = "https://app.example", "https://evil.example"


def stories():
    """Name, action and its arguments of each story, in order."""
    for client in ("sdk", "fetch", "curl", "shell"):
        yield f"a token minted by {client} streams, and its second use is refused", minted_and_used, client
    yield "a token that policy would refuse is not minted in a shell either", refused_in_a_shell
    yield "the SDK and Node are told of a faulty mint as by the provider", faulty_mint
    yield "the SDK and Node are told why a mint is refused", refused_mint
    yield "a page mints only where it may", minting_pages
    yield "an expired token is refused", expired
    yield "a forged token is refused", forged
    yield "a token of another zone is refused", other_zone
    yield "a token of another origin is refused", other_origin
    yield "a page's token may come as a subprotocol", subprotocol
    yield f"{RACERS} connections race for one token and one session begins", race
    yield "Node gives up a slow Begin and comes again with the same token", slow_begin
    yield "the SDK gives up a slow 101 and comes again with the same token", slow_answer
    yield "no token is in the log", not_logged


def minted_and_used(harbour, client):
    before = len(harbour.standin.ledger())
    token = MINTS[client](harbour)
    # The SDK sends its token as Authorization; the others as the first parameter of the query.
    user = "sdk" if client == "sdk" else "ws"
    seen = use(harbour, user, token)
    expect(finals(seen), "there is no transcript")
    expect_equal(closing(seen)[0], 1000, "the close code")
    session, = harbour.standin.settled(before)
    expect_equal((session.zone, session.ended), ("eu", "terminated"), "the session")
    expect("token" not in session.query, f"the token went upstream: {session.query}")

    seen = use(harbour, user, token)
    expect_refusal(user, seen, "unauthenticated", 401, 4401)
    if user == "ws":
        expect_equal(sentence(seen), SPENT, "the sentence")
    expect_equal(len(harbour.standin.settled(before)), 1, "sessions dialled")


def refused_in_a_shell(harbour):
    for more, status, told in [
        (["--zone", "us"], 1, "Zone us is not in the residency of tenant pinned-to-eu: eu."),
        (["--zone", "mars"], 1, "Zone mars is not defined here."),
        (["--origin", OTHER_ORIGIN], 1, "Pages of this origin may not connect for tenant pinned-to-eu."),
        (["--expires-in", "601"], 1, "tokens.maximum_expires_in_seconds is 600"),
        (["--tenant", "pinned-to-ei"], 1, "no tenant pinned-to-ei; the nearest is pinned-to-eu"),
        (["--max-session-duration", "59"], 64, "A session lasts from 60 to 10800 seconds."),
    ]:
        ended = subprocess.run(token_create(harbour, *more), capture_output=True, text=True, timeout=CURL_SECONDS)
        expect_equal((ended.returncode, ended.stdout), (status, ""), f"status and output with {more}")
        expect(told in ended.stderr, f"{more} is told: {ended.stderr}")
    answer = json.loads(subprocess.check_output(token_create(harbour, "--json", "--expires-in", "5")))
    expect_equal((set(answer), answer["expires_in_seconds"]), ({"token", "expires_in_seconds"}, 5), "the JSON")


def faulty_mint(harbour):
    seen = harbour.run("sdk", harbour.host, harbour.keys["eu"], mint={"expires_in_seconds": 0})
    failure, = seen["unminted"]
    expect_equal(failure["status"], 422, "the status")
    fault, = json.loads(failure["text"])["detail"]
    expect_equal(fault, {
        "type": "greater_than_equal", "loc": ["query", "expires_in_seconds"],
        "msg": "Input should be greater than or equal to 1", "input": "0", "ctx": {"ge": 1},
    }, "the fault")
    seen = harbour.run("fetch", harbour.host, harbour.keys["eu"], mint={"expires_in_seconds": 601})
    expect("less than or equal to 600" in seen["unminted"][0]["text"], f"Node was told {seen['unminted']}")


def refused_mint(harbour):
    mint = {"expires_in_seconds": 60}
    seen = harbour.run("sdk", harbour.host, "tg_wrong", mint=mint)
    expect_equal(seen["unminted"][0]["status"], 401, "the SDK's status")
    seen = harbour.run("fetch", harbour.host, "tg_wrong", mint=mint)
    expect_equal(seen["unminted"][0]["text"], UNKNOWN, "Node's error")
    seen = harbour.run("fetch", f"{harbour.host}/us", harbour.keys["eu"], mint=mint)
    expect("residency of tenant" in seen["unminted"][0]["text"], f"Node was told {seen['unminted']}")


def minting_pages(harbour):
    """What a browser would go by, asked with curl."""
    for origin, allowed in [(ORIGIN, True), (OTHER_ORIGIN, False)]:
        for method in ("OPTIONS", "GET"):
            head, _ = curl(harbour, "expires_in_seconds=60", "-X", method, "-H", f"Origin: {origin}")
            named = f"access-control-allow-origin: {origin}" in head.lower()
            expect_equal(named, allowed, f"{method} from {origin}:\n{head}")
            status = 204 if method == "OPTIONS" else 200 if allowed else 403
            expect(f" {status} " in head.partition("\n")[0], f"{method} from {origin}:\n{head}")


def expired(harbour):
    token = mint_by_curl(harbour, expires_in_seconds=1)
    time.sleep(2.1)  # Its second, and what is left of the one in which it was minted.
    expect_refused(harbour, token, 401, "unauthenticated", EXPIRED)
    seen = use(harbour, "sdk", token)
    expect_refusal("sdk", seen, "unauthenticated", 401, 4401)


def forged(harbour):
    token = mint_by_curl(harbour)
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    for text in (token[:middle] + other + token[middle + 1:], token[:-1], token + "A", "tgt_" + "A" * len(token)):
        expect_refused(harbour, text, 401, "unauthenticated", UNKNOWN)


def other_zone(harbour):
    token = mint_by_curl(harbour, key="both", zone="us")
    expect_refused(harbour, token, 403, "residency", "The credential is for zone us, and zone eu is asked for.",
                   query=f"zone=eu&{QUERY}")
    before = len(harbour.standin.ledger())
    expect_equal(closing(use(harbour, "ws", token))[0], 1000, "the close code where no zone is asked for")
    expect_equal([session.zone for session in harbour.standin.settled(before)], ["us"], "the zone")


def other_origin(harbour):
    token = mint_by_curl(harbour, origin=ORIGIN)
    told = "The credential is for pages of another origin."
    expect_refused(harbour, token, 403, "origin", told)
    seen = use(harbour, "ws", token, origin=OTHER_ORIGIN)
    expect_told_by_websocket(seen, 4403)
    expect_equal(of_type(seen, "Error")[0]["error"], told, "the sentence")
    expect_equal(closing(use(harbour, "ws", token, origin=ORIGIN))[0], 1000, "the close code for the right one")


def subprotocol(harbour):
    token = mint_by_curl(harbour, origin=ORIGIN)
    socket = connect(harbour, f"wss://{harbour.host}/v3/ws?{QUERY}", subprotocols=["tidegate.v1", f"bearer.{token}"])
    expect_equal(socket.getsubprotocol(), "tidegate.v1", "the subprotocol")
    expect_equal(json.loads(socket.recv())["type"], "Begin", "the first message")
    finish(socket)


def race(harbour):
    before = len(harbour.standin.ledger())
    token = mint_by_curl(harbour)
    start = threading.Barrier(RACERS)

    def run(_):
        start.wait()
        socket = connect(harbour, f"wss://{harbour.host}/v3/ws?token={token}&{QUERY}")
        first = json.loads(socket.recv())
        if first["type"] == "Begin":
            finish(socket)
        else:
            socket.close()
        return first["type"], first.get("error_code")

    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        outcomes = collections.Counter(pool.map(run, range(RACERS)))
    expect_equal(outcomes, {("Begin", None): 1, ("Error", 4401): RACERS - 1}, "what the clients heard first")
    sessions = harbour.standin.settled(before)
    expect_equal([session.ended for session in sessions], ["terminated"] * len(sessions), "how sessions ended")


def slow_begin(harbour):
    before = len(harbour.standin.ledger())
    token = mint_by_fetch(harbour)
    harbour.standin.fail("eu", ["slow-begin:2500"], times=1)
    seen = use(harbour, "ws", token, attempts=3)
    expect_equal(len(seen["abandoned"]), 1, "attempts given up")
    expect(finals(seen), "there is no transcript")
    expect_equal(closing(seen)[0], 1000, "the close code")
    expect_equal([session.ended for session in harbour.standin.settled(before)], ["terminated"] * 2, "the sessions")


def slow_answer(harbour):
    before = len(harbour.standin.ledger())
    token = mint_by_sdk(harbour)
    harbour.standin.fail("eu", ["slow-begin:3000"], times=1)
    door = SlowDoor(harbour.port)
    try:
        seen = use(harbour, "sdk", token, host=f"localhost:{door.port}")
    finally:
        door.close()
    expect_equal(door.connections, 2, "attempts")
    expect_equal(seen["error"], [], "errors")
    expect(finals(seen), "there is no transcript")
    expect_equal(closing(seen)[0], 1000, "the close code")
    expect_equal([session.ended for session in harbour.standin.settled(before)], ["terminated"] * 2, "the sessions")


def not_logged(harbour):
    log = harbour.relay.printed()
    expect("token-minted" in log, "no mint is in the log")
    expect("tgt_" not in log, "a token is in the log")


# Minting.

def mint_by_sdk(harbour):
    """`create_temporary_token`, with only the host changed."""
    mint = {"expires_in_seconds": 60, "max_session_duration_seconds": 300}
    return minted(harbour.run("sdk", harbour.host, harbour.keys["eu"], mint=mint))


def mint_by_fetch(harbour):
    return minted(harbour.run("fetch", harbour.host, harbour.keys["eu"], mint={"expires_in_seconds": 60}))


def minted(seen):
    expect_equal(len(seen["minted"]), 1, f"tokens in {dict(seen)}")
    return seen["minted"][0]["token"]


def mint_by_curl(harbour, key="eu", **parameters):
    parameters = {"expires_in_seconds": 60, **parameters}
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return json.loads(curl(harbour, query, key=key)[1])["token"]


def mint_in_a_shell(harbour):
    return subprocess.check_output(token_create(harbour), text=True, timeout=CURL_SECONDS).strip()


def token_create(harbour, *more):
    tenant = [] if "--tenant" in more else ["--tenant", "pinned-to-eu"]
    return [harbour.binaries / "tidegate", "token", "create", "--config", harbour.configuration, *tenant, *more]


MINTS = {"sdk": mint_by_sdk, "fetch": mint_by_fetch, "curl": mint_by_curl, "shell": mint_in_a_shell}


def curl(harbour, query, *options, key="eu"):
    """Head and body of an answer."""
    answer = subprocess.check_output(
        ["curl", "--silent", "--include", "--cacert", str(harbour.standin.authority), *options,
         "-H", f"Authorization: {harbour.keys[key]}", f"https://{harbour.host}/v3/token?{query}"],
        text=True, timeout=CURL_SECONDS)
    head, _, body = answer.partition("\n\n")
    return head, body


# Using.

def use(harbour, client, token, host=None, query=QUERY, **more):
    """Runs a client with a token instead of a key, to its end."""
    if client == "sdk":
        return harbour.run("sdk", host or harbour.host, None, token=token)
    return harbour.run("ws", host or harbour.host, None, query=f"token={token}&{query}", **more)


def expect_refused(harbour, token, status, name, told, **more):
    before = len(harbour.standin.ledger())
    seen = use(harbour, "ws", token, **more)
    expect_refusal("ws", seen, name, status, None)
    expect_equal(sentence(seen), told, "the sentence")
    expect_equal(harbour.standin.settled(before), [], "sessions dialled")


def sentence(seen):
    return json.loads(seen["refused"][0]["body"])["detail"]


def connect(harbour, url, **more):
    """A page's connection, by a client that can be one of a hundred."""
    context = {"ca_certs": str(harbour.standin.authority), "cert_reqs": ssl.CERT_REQUIRED}
    return websocket.create_connection(url, timeout=RACE_SECONDS, sslopt=context, origin=ORIGIN, **more)


def finish(socket):
    socket.send(json.dumps({"type": "Terminate"}))
    while json.loads(socket.recv())["type"] != "Termination":
        pass
    socket.close()
