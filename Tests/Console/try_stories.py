"""What an operator hears in the "try it" page."""

import functools
import json

from expectations import expect, expect_equal

PATIENCE_SECONDS = 40


def stories(speech):
    return [
        ("a file is streamed as a tenant and its transcript shown", functools.partial(file, speech)),
        ("the microphone is, too", microphone),
        ("what policy forbids is said where it was asked for", forbidden),
        ("the receipt names the console", recorded),
        ("the page looks as it should in the dark and on a phone", looks),
    ]


def file(speech, harbour, tab, photos):
    open_page(harbour, tab)
    choose(tab, "tenant", "initech")
    tab.click("document.querySelector('input[value=file]')")
    tab.choose_file("#file", speech)
    before = len(harbour.standin.ledger())
    tab.click("document.getElementById('start')")
    tab.wait("document.getElementById('state').innerText === 'Listening'", "Begin", PATIENCE_SECONDS)
    tab.wait("document.querySelectorAll('#transcript p').length > 0 && parseFloat(document.getElementById('level').style.width) > 0", "words and a level", PATIENCE_SECONDS)
    tab.photograph(photos / "try-listening.png")
    tab.wait("document.getElementById('state').innerText === 'Done'", "the end", PATIENCE_SECONDS)
    steps = tab.text("document.getElementById('steps')")
    for text in ("from " + harbour.admin, "Begin: ", "The first words", "The file is over", "Termination: ", "Closed with 1000"):
        expect(text in steps, f"no {text}: {steps}")
    expect(len(tab.text("document.getElementById('transcript')")) > 10, "there is no transcript")
    session, = harbour.standin.settled(before)
    expect_equal((session.zone, session.ended), ("us", "terminated"), "the session")
    expect_equal(session.query, "sample_rate=16000&encoding=pcm_s16le", "the query")
    tab.photograph(photos / "try-done.png")


def microphone(harbour, tab, _):
    open_page(harbour, tab)
    choose(tab, "tenant", "acme-gmbh")
    before = len(harbour.standin.ledger())
    tab.click("document.getElementById('start')")
    tab.wait("document.getElementById('state').innerText === 'Listening'", "Begin", PATIENCE_SECONDS)
    tab.wait("document.getElementById('transcript').innerText.length > 5 && !document.getElementById('transcript').innerText.includes('Nothing')", "words", PATIENCE_SECONDS)
    tab.click("document.getElementById('stop')")
    tab.wait("document.getElementById('state').innerText === 'Done'", "the end", PATIENCE_SECONDS)
    session, = harbour.standin.settled(before)
    expect_equal((session.zone, session.ended), ("eu", "terminated"), "the session")


def forbidden(harbour, tab, _):
    open_page(harbour, tab)
    choose(tab, "tenant", "acme-gmbh")
    choose(tab, "zone", "us")
    tab.click("document.getElementById('start')")
    tab.wait("document.getElementById('state').innerText === 'Not started'", "that it was not started", PATIENCE_SECONDS)
    steps = tab.text("document.getElementById('steps')")
    expect("Zone us is not in the residency of tenant acme-gmbh" in steps, steps)
    # The browser tells of a 403 by itself.
    tab.complaints = [complaint for complaint in tab.complaints if "403" not in json.dumps(complaint)]
    expect_equal(tab.complaints, [], "complaints")


def recorded(harbour, *_):
    lines = [json.loads(line) for line in harbour.receipts.read_text().splitlines()]
    tried = [line for line in lines if line.get("credential", {}).get("kind") == "console"]
    expect_equal([line["tenant"] for line in tried], ["initech", "acme-gmbh"], "the tenants")
    expect_equal({line["origin"] for line in tried}, {harbour.admin}, "the origin")
    rules = tried[0]["rules"]
    expect(any("own console" in rule["sentence"] for rule in rules), rules)


def looks(harbour, tab, photos):
    for name, width, height, scheme, is_phone in (
            ("light", 1280, 900, "light", False), ("dark", 1280, 900, "dark", False), ("phone", 390, 844, "light", True)):
        tab.look(width, height, scheme, is_phone)
        expect(tab.value("document.documentElement.scrollWidth") <= width, f"{name}: the page is too wide")
        tab.photograph(photos / f"try-{name}.png")
    expect_equal(tab.nameless(), [], "controls without a name")


def open_page(harbour, tab):
    tab.look(1280, 900)
    tab.visit(harbour.admin + "/try")
    tab.wait("document.getElementById('tenant').options.length > 3", "the tenants")
    # The certificate is for this name.
    tab.value(f"document.getElementById('relay').value = 'wss://localhost:{harbour.port}'")


def choose(tab, element, value):
    tab.value(f"document.getElementById('{element}').value = '{value}'")
