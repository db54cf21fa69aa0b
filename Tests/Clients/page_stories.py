"""Pages in a real browser: a token from their back end opens one session, and every refusal can be read by the page."""

import contextlib
import functools
import json
import pathlib
import secrets
import ssl
import tempfile
import time
import urllib.parse
import urllib.request

from browser import Browser, PageServer
from expectations import expect, expect_equal
from relay import client_key, secret_file, start_relay, tenant, zone
from seen import by_kind, closing, expect_told_by_websocket, finals

OWN, SECOND, FOREIGN = "app.example", "shop.example", "evil.example"
UNKNOWN = "The credential is not known or not accepted here."


def stories():
    """Name and action of each story, in order."""
    shore = contextlib.ExitStack()
    told = [
        ("a page streams with a token of its back end in the query", streams, "query"),
        ("a page streams with a token of its back end as subprotocol", streams, "subprotocol"),
        ("a page mints its token itself", mints),
        ("a page of nobody's can read no token", foreign_mint),
        ("a page is told that its token has been used", second_use),
        ("a page of another origin is told so", other_origin),
        ("a page whose token is bound to another page is told so", bound_to_another_page),
        ("a page whose token is bound to another zone is told so", other_zone),
        ("a page is told that its token has expired", expired),
        ("a page with a forged token is told no more than a stranger", forged),
        ("a page with a client key in the query is told that it is not accepted there", client_key_of_page),
        ("a page without a credential is told so", no_credential),
        ("a page that would send transcripts elsewhere is told so", webhook),
    ]
    for name, action, *arguments in told:
        yield name, functools.partial(_with_shore, shore, action), *arguments
    yield "no token and no client key is in the log", functools.partial(_with_shore, shore, not_logged)
    yield "the browser ends", lambda _: shore.close()


def _with_shore(stack, action, harbour, *arguments):
    """One relay, one server of pages and one browser for all stories."""
    if not hasattr(stack, "shore"):
        stack.shore = stack.enter_context(Shore(harbour))
    action(stack.shore, *arguments)


def streams(shore, form):
    before = len(shore.ledger())
    seen = shore.visit(OWN, shore.mint(), form)
    expect_equal(seen["open"][0]["protocol"], "tidegate.v1" if form == "subprotocol" else "", "the subprotocol")
    expect(finals(seen), "there is no transcript")
    expect_equal(seen["shown"][0]["text"].split("\n")[:-1], finals(seen), "what the page shows")
    expect_equal(closing(seen)[0], 1000, "the close code")
    session, = shore.settled(before)
    expect_equal((session.zone, session.ended), ("eu", "terminated"), "the session")
    expect_equal(session.query, "sample_rate=16000", "the query")


def mints(shore):
    token = {"url": f"https://{shore.relay}/v3/token?expires_in_seconds=60", "headers": {"Authorization": shore.key}}
    seen = shore.visit(OWN, None, "query", token=token)
    expect_equal(seen["minted"][0]["status"], 200, "the status")
    expect_equal(closing(seen)[0], 1000, "the close code")


def foreign_mint(shore):
    token = {"url": f"https://{shore.relay}/v3/token?expires_in_seconds=60", "headers": {"Authorization": shore.key}}
    seen = shore.visit(FOREIGN, None, "query", token=token)
    expect("Failed to fetch" in seen["failed"][0]["text"], f"it could: {dict(seen)}")


def second_use(shore):
    token = shore.mint()
    expect_equal(closing(shore.visit(OWN, token, "query"))[0], 1000, "the close code of the first")
    for form in ["query", "subprotocol"]:
        refused(shore, OWN, token, 4401, "The credential has been used; it opens one session.", form)


def other_origin(shore):
    token = shore.mint()
    refused(shore, FOREIGN, token, 4403, "Pages of this origin may not connect for tenant acme.", "subprotocol")
    # A refusal spends nothing.
    expect_equal(closing(shore.visit(SECOND, token, "query"))[0], 1000, "the close code")


def bound_to_another_page(shore):
    token = shore.mint(origin=shore.pages.origin(OWN))
    refused(shore, SECOND, token, 4403, "The credential is for pages of another origin.", "query")
    expect_equal(closing(shore.visit(OWN, token, "query"))[0], 1000, "the close code")


def other_zone(shore):
    token = shore.mint(path="/eu")
    sentence = "The credential is for zone eu, and zone us is asked for."
    refused(shore, OWN, token, 4403, sentence, "query", path="/us")
    expect_equal(closing(shore.visit(OWN, token, "query", path="/eu"))[0], 1000, "the close code")


def expired(shore):
    token = shore.mint(expires_in_seconds=1)
    # Its time is told in whole seconds.
    over = int(time.time()) + 2
    while (left := over - time.time()) > 0:
        time.sleep(left)
    refused(shore, OWN, token, 4401, "The credential has expired.", "query")


def forged(shore):
    token = shore.mint()
    middle = len(token) // 2
    other = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
    for text in [other, "tgt_" + secrets.token_urlsafe(64)]:
        for form in ["query", "subprotocol"]:
            refused(shore, OWN, text, 4401, UNKNOWN, form)


def client_key_of_page(shore):
    refused(shore, OWN, shore.key, 4401, UNKNOWN, "query")


def no_credential(shore):
    refused(shore, OWN, None, 4401, "A credential is needed", "query")


def webhook(shore):
    sentence = "The parameter webhook_url can carry data out of eu, us."
    refused(shore, OWN, shore.mint(), 4400, sentence, "query", query="&webhook_url=https%3A%2F%2Fevil.example")


def not_logged(shore):
    log = shore.program.printed()
    expect("session-ended" in log, "there is no log to look at")
    for text in [*shore.minted, shore.key, shore.key_of_provider]:
        expect(text not in log and text[:20] not in log, "a credential is in the log")


def refused(shore, name, token, code, sentence, form, **more):
    """The page reads why, in a message and in the close, and nothing is dialled."""
    before = len(shore.ledger())
    seen = shore.visit(name, token, form, **more)
    told = expect_told_by_websocket(seen, code)
    expect(told.startswith(sentence), f"the page is told: {told}")
    expect(seen["closed"][0]["wasClean"], "the close is not clean")
    expect_equal(shore.settled(before), [], "sessions dialled")


class Shore:
    """Pages on three names, a browser to open them, and a relay that lets those of two in for tenant `acme`."""

    def __init__(self, harbour, with_browser=True):
        self._with_browser = with_browser
        self.standin = harbour.standin
        self.key = client_key()
        self.key_of_provider = harbour.standin.key("eu")
        self.minted = []
        self._harbour = harbour
        self._cleanup = contextlib.ExitStack()

    def __enter__(self):
        standin, enter = self.standin, self._cleanup.enter_context
        with contextlib.ExitStack() as failed:
            failed.callback(self._cleanup.close)
            folder = pathlib.Path(enter(tempfile.TemporaryDirectory(prefix="tidegate-pages-")))
            self.pages = enter(PageServer(standin.certificate))
            zones = {name: zone(f"wss://{standin.host(name)}/v3/ws", secret_file(folder, name, standin.key(name)),
                                standin.authority) for name in ["eu", "us"]}
            origins = [self.pages.origin(name) for name in [OWN, SECOND]]
            self.program, port = start_relay(
                self._harbour.binaries, folder, standin.certificate, zones,
                {"acme": tenant(["eu", "us"], self.key, origins=origins)},
                tokens={"signing_keys": [{"file": str(secret_file(folder, "signing", secrets.token_hex(32)))}]})
            enter(self.program)
            self.relay = f"localhost:{port}"
            self._trust = ssl.create_default_context(cafile=str(standin.authority))
            if self._with_browser:
                self.browser = enter(Browser([OWN, SECOND, FOREIGN], standin.certificate[0]))
            failed.pop_all()
        return self

    def __exit__(self, *_):
        self._cleanup.close()

    def mint(self, path="", expires_in_seconds=60, **more):
        """A token, as the page's back end gets one: with the client key, which the page never sees."""
        query = urllib.parse.urlencode({"expires_in_seconds": expires_in_seconds, **more})
        request = urllib.request.Request(
            f"https://{self.relay}{path}/v3/token?{query}", headers={"Authorization": self.key})
        with urllib.request.urlopen(request, timeout=10, context=self._trust) as answer:
            token = json.load(answer)["token"]
        self.minted.append(token)
        return token

    def visit(self, name, given, form, token=None, path="", query=""):
        """Has a page on this name open a session; `given` is the token its back end has, or `token` says who mints it."""
        url = f"wss://{self.relay}{path}/v3/ws?sample_rate=16000{query}"
        token = token or (given and {"url": "token", "headers": {}})
        return by_kind(self.pages.visit(self.browser, name, {"url": url, "form": form, "token": token}, given))

    def ledger(self):
        return self.standin.ledger()

    def settled(self, before):
        return self.standin.settled(before)
