"""What an operator sees and does in the console."""

import json
import socket
import ssl
import time

from crowd import Crowd, handshake
from expectations import expect, expect_equal

# More than a page of the list holds.
CROWD = {"acme-gmbh": 30, "globex": 14, "initech": 9, "umbrella": 7}
TENANT, ZONE, AGE = 1, 2, 3


def stories():
    return [
        ("the token is asked for once and kept in the tab", token),
        ("the console shows who is there and how the relay does", overview),
        ("sessions are filtered, sorted and paged", lists),
        ("a session is ended, and a tenant's are", ends),
        ("refusals are shown with their trail", refusals),
        ("the console looks as it should in the light, in the dark and on a phone", looks),
        ("a relay that is gone is told", gone),
        ("the browser complains of nothing, and asked nobody else", peace),
    ]


def token(harbour, tab, photos):
    tab.look(1280, 900)
    tab.visit(harbour.admin + "/")
    tab.wait("document.getElementById('token').open", "the question for the token")
    tab.photograph(photos / "token.png")
    tab.type("not-the-token")
    tab.press("Enter", 13)
    tab.wait("document.getElementById('token-fault').innerText.includes('not the right one')", "that it is wrong")
    tab.click("document.getElementById('token-text')")
    tab.type(harbour.token)
    tab.press("Enter", 13)
    tab.wait("document.getElementById('state').innerText === 'Ready'", "the state")
    expect(not tab.value("document.getElementById('token').open"), "the question stays")
    expect_equal(tab.value("[localStorage.length, document.cookie, Object.values(sessionStorage).length]"), [0, "", 1],
                 "what is kept")
    tab.visit(harbour.admin + "/")
    tab.wait("document.getElementById('state').innerText === 'Ready'", "the state after coming back")
    # The browser tells of each 401 by itself.
    expect(all("401" in json.dumps(complaint) for complaint in tab.complaints), f"complaints: {tab.complaints}")
    tab.complaints.clear()


def crowd(harbour, tab):
    """Everybody, once those of the story before have left."""
    tab.wait("document.getElementById('page').innerText === '0 of 0'", "an empty list")
    keys = [harbour.keys[name] for name, count in CROWD.items() for _ in range(count)]
    return Crowd("localhost", harbour.port, keys, pace=0.25, certificate_authority=harbour.standin.authority)


def all_there(tab, count=sum(CROWD.values())):
    tab.wait(f"document.getElementById('sessions-value').dataset.text?.startsWith('{count}of')", f"{count} sessions")
    tab.wait(f"document.getElementById('page').innerText === '1–25 of {count}'", f"a list of {count}")


def overview(harbour, tab, _):
    with crowd(harbour, tab):
        all_there(tab)
        zones = tab.text("document.getElementById('zones')")
        for name in ("us", "eu", "edge"):
            expect(f"{name}\n" in zones or f"{name} " in zones, f"zone {name}: {zones}")
        expect("in use" in zones and "wss://localhost" in zones, zones)
        tenants = {row[0]: row for row in tab.rows("tenants")}
        expect_equal({name: int(tenants[name][2]) for name in CROWD}, CROWD, "sessions by tenant")
        tab.wait("document.getElementById('up-value').dataset.text?.match(/kB\\/s|MB\\/s/)", "what clients send")
        tab.wait("/µs|ms/.test(document.getElementById('added-value').dataset.text)", "the added latency")
        tab.wait("document.querySelectorAll('#tiles .line')[0].getAttribute('d').includes('L')", "a plot")


def lists(harbour, tab, _):
    with crowd(harbour, tab):
        all_there(tab)
        first = {row[0] for row in tab.rows("sessions")}
        tab.click("document.getElementById('page-after')")
        tab.wait("document.getElementById('page').innerText === '26–50 of 60'", "the second page")
        second = {row[0] for row in tab.rows("sessions")}
        expect(len(first) == len(second) == 25 and not first & second, "pages overlap")
        tab.click("document.getElementById('page-before')")
        tab.wait("document.getElementById('page').innerText.startsWith('1–')")
        tab.click("document.querySelector('#sessions-head th[data-key=tenant] button')")
        tab.wait("document.querySelector('#sessions-head th[data-key=tenant]').ariaSort === 'ascending'")
        tab.wait("[...document.getElementById('sessions').rows].every(row => row.cells[1].innerText === 'acme-gmbh')",
                 "the order")
        tab.click("document.querySelector('#sessions-head th[data-key=tenant] button')")
        tab.wait("document.querySelector('#sessions tr').cells[1].innerText === 'umbrella'", "the reverse order")
        tab.click("document.getElementById('filter-tenant')")
        tab.type("initech")
        tab.wait("document.getElementById('page').innerText === '1–9 of 9 that match, 60 in all'", "the filter")
        expect_equal({row[TENANT] for row in tab.rows("sessions")}, {"initech"}, "the tenants")
        tab.click("document.getElementById('filter-clear')")
        tab.wait("document.getElementById('page').innerText === '1–25 of 60'", "all of them")


def ends(harbour, tab, photos):
    with crowd(harbour, tab) as clients:
        all_there(tab)
        tab.click("document.querySelector('#sessions tr button')")
        tab.wait("document.getElementById('details').open")
        facts = tab.text("document.getElementById('details')")
        for text in ("Rule 1", "Credential", "Answered by", "sample_rate"):
            expect(text in facts, f"no {text}: {facts}")
        tab.photograph(photos / "session.png", whole=False)
        tab.click("document.getElementById('details-end')")
        tab.wait("document.getElementById('confirm').open")
        expect_equal(tab.value("document.activeElement.id"), "confirm-no", "what is chosen")
        tab.click("document.getElementById('confirm-no')")
        expect_equal(clients.codes, [], "who was closed")
        tab.click("document.getElementById('details-end')")
        tab.wait("document.getElementById('confirm').open")
        tab.click("document.getElementById('confirm-yes')")
        tab.wait("document.getElementById('said').innerText === 'The session is ending.'")
        wait(lambda: clients.codes == [1001], lambda: clients.codes)
        all_there(tab, 59)
        tab.click("[...document.querySelectorAll('#tenants button')].find(button => button.innerText === 'globex')")
        tab.wait("document.getElementById('end-tenant').innerText === 'End all of globex…'")
        tab.wait("!document.getElementById('end-tenant').hidden")
        tab.click("document.getElementById('end-tenant')")
        tab.wait("document.getElementById('confirm').open")
        tab.photograph(photos / "confirm.png", whole=False)
        tab.click("document.getElementById('confirm-yes')")
        left = sum(CROWD.values()) - len(clients.codes)
        tab.wait("document.getElementById('said').innerText.includes('sessions are ending')")
        wait(lambda: len(clients.codes) >= CROWD["globex"], lambda: clients.codes)
        expect_equal(set(clients.codes), {1001}, "the close codes")
        tab.wait("document.getElementById('sessions').innerText.includes('No session is like this')")
        expect(left >= 45, f"{left} are left")
        tab.click("document.getElementById('filter-clear')")


def refusals(harbour, tab, photos):
    for path, key in (("/us/v3/ws", harbour.keys["acme-gmbh"]), ("/v3/ws", "nobody's"), ("/v3/ws?webhook_url=x", harbour.keys["globex"])):
        refused(harbour, path, key)
    tab.wait("document.getElementById('refusals').rows.length >= 3")
    tab.wait("document.getElementById('refusals').innerText.includes('residency')")
    tab.value("document.getElementById('refusal').value = 'residency';"
              " document.getElementById('refusal').dispatchEvent(new Event('change'))")
    tab.wait("[...document.getElementById('refusals').rows].every(row => row.cells[1].innerText === 'residency')")
    tab.click("document.querySelector('#refusals button')")
    tab.wait("document.getElementById('details').open")
    trail = tab.text("document.getElementById('details')")
    expect("Rule 3: Zone us is not in the residency of tenant acme-gmbh" in trail, trail)
    expect(tab.value("document.getElementById('details-end').hidden"), "a refusal cannot be ended")
    tab.photograph(photos / "refusal.png", whole=False)
    tab.press("Escape", 27)
    tab.wait("!document.getElementById('details').open")
    tab.value("document.getElementById('refusal').value = '';"
              " document.getElementById('refusal').dispatchEvent(new Event('change'))")


def refused(harbour, path, key):
    """One request for a session that is not granted."""
    context = ssl.create_default_context(cafile=str(harbour.standin.authority))
    with socket.create_connection(("localhost", harbour.port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(handshake(path, harbour.port, key))
            while connection.recv(4096):
                pass


def looks(harbour, tab, photos):
    with crowd(harbour, tab):
        all_there(tab)
        # Long enough for the plots to have something to show.
        tab.wait("document.querySelectorAll('#tiles .line')[4].getAttribute('d').split('L').length > 6", "a plot")
        for name, width, height, scheme, is_phone in (
                ("light", 1280, 900, "light", False), ("dark", 1280, 900, "dark", False),
                ("phone", 390, 844, "light", True), ("phone-dark", 390, 844, "dark", True)):
            tab.look(width, height, scheme, is_phone)
            # What has not been in sight is not painted yet.
            tab.value("new Promise(done => { scrollTo(0, 1e6); requestAnimationFrame(() => requestAnimationFrame(done)); })")
            tab.value("scrollTo(0, 0)")
            wide = tab.value("document.documentElement.scrollWidth")
            expect(wide <= width, f"{name}: the page is {wide} wide on {width}")
            tab.photograph(photos / f"console-{name}.png")
        tab.look(1280, 900)
        expect_equal(tab.nameless(), [], "controls without a name")


def gone(harbour, tab, _):
    tab.do("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    tab.wait("document.getElementById('state').innerText === 'No answer'")
    tab.do("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    tab.wait("document.getElementById('state').innerText === 'Ready'")
    tab.complaints = [complaint for complaint in tab.complaints if "ERR_INTERNET_DISCONNECTED" not in json.dumps(complaint)]


def peace(harbour, tab, _):
    expect_equal(tab.complaints, [], "complaints")
    foreign = [url for url in tab.requested if not url.startswith((harbour.admin, "data:"))]
    expect_equal(foreign, [], "requests to others")


def wait(is_done, tell, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_done():
        expect(time.monotonic() < deadline, f"{tell()}")
        time.sleep(0.05)
