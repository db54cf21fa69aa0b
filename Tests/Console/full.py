"""The console before a relay that is full: `full.py BINARIES [SESSIONS [PHOTOS]]`.

Nine thousand sessions of two hundred tenants, as a rule, stream while an operator looks, sorts, filters and ends one. What each of
these takes, from the click to what it shows, is printed; that all of them come is what passes.
"""

import contextlib
import pathlib
import resource
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Clients"))

import console_stories
from browser import Browser
from crowd import Crowd
from expectations import expect, expect_equal
from harbour import Harbour
from tab import Tab

TENANTS = 200
PACE_SECONDS = 5
OPENING_SECONDS = 300


def main(binaries, count=9000, photos=None):
    count = int(count)
    # Programs inherit it: two descriptors a session in the relay.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-full-")))
        photos = pathlib.Path(photos) if photos else folder
        harbour = stack.enter_context(Harbour(
            pathlib.Path(binaries).resolve(), folder, extra=TENANTS, listeners=[{"address": "127.0.0.1:0"}]))
        keys = [key for name, key in harbour.keys.items() if name.startswith("tenant-")]
        clients = stack.enter_context(
            Crowd("127.0.0.1", harbour.port, [keys[number % TENANTS] for number in range(count)], pace=PACE_SECONDS))
        started = time.monotonic()
        while clients.begun < count:
            expect(time.monotonic() - started < OPENING_SECONDS, f"{clients.begun} of {count} sessions have begun")
            time.sleep(0.1)
        print(f"{count} sessions have begun after {time.monotonic() - started:.0f} s", flush=True)
        browser = stack.enter_context(Browser([], harbour.standin.certificate[0]))
        tab = Tab(browser.new_tab())
        look_around(harbour, tab, clients, count, photos)
        expect_equal(clients.codes, [1001], "who was closed")
        expect(not tab.complaints, f"the browser complains: {tab.complaints}")
        tab.close()
    print("as promised")
    return 0


def look_around(harbour, tab, clients, count, photos):
    shown = f"{count:,}"
    with timed("the page, from the token to its list"):
        console_stories.token(harbour, tab, photos)
        tab.wait(f"document.getElementById('page').innerText === '1–25 of {shown}'", "the list")
    tab.wait(f"document.getElementById('sessions-value').dataset.text?.startsWith('{shown}of')", "the number of sessions")
    with timed("the next page"):
        tab.click("document.getElementById('page-after')")
        tab.wait(f"document.getElementById('page').innerText === '26–50 of {shown}'", "the second page")
    with timed("the order by tenant"):
        tab.click("document.querySelector('#sessions-head th[data-key=tenant] button')")
        tab.wait("document.getElementById('sessions').rows[0].cells[1].innerText === 'tenant-000'", "the order")
    with timed("one tenant's sessions"):
        tab.click("document.getElementById('filter-tenant')")
        tab.type("tenant-123")
        tab.press("Enter", 13)
        tab.wait("document.getElementById('page').innerText.includes('that match')", "the filter")
        tab.wait("[...document.getElementById('sessions').rows].every(row => row.cells[1].innerText === 'tenant-123')", "the tenant")
    with timed("the end of one"):
        tab.click("document.querySelector('#sessions tr button')")
        tab.wait("document.getElementById('details').open")
        tab.click("document.getElementById('details-end')")
        tab.wait("document.getElementById('confirm').open")
        tab.click("document.getElementById('confirm-yes')")
        tab.wait("document.getElementById('said').innerText === 'The session is ending.'")
        tab.wait(f"document.getElementById('sessions-value').dataset.text?.startsWith('{count - 1:,}of')", "one session fewer")
    tab.photograph(photos / "full.png")
    print("added by the relay meanwhile: " + tab.text("document.getElementById('added-value')") + ", "
          + tab.text("document.getElementById('added-more')"), flush=True)


@contextlib.contextmanager
def timed(what):
    started = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - started:.2f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
