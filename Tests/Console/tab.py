"""One tab of Chromium, driven over its debugging protocol: what is looked at, clicked, typed and photographed."""

import base64
import itertools
import json
import pathlib
import time

import websocket

from expectations import expect

PATIENCE_SECONDS = 20


class Tab:
    """A page as somebody in front of it has it. Keeps what the browser complains of and where it asked."""

    def __init__(self, url):
        self._socket = websocket.create_connection(url, suppress_origin=True, timeout=PATIENCE_SECONDS)
        self._numbers = itertools.count(1)
        self.complaints = []
        self.requested = []
        # Where they are shown they take room of the page.
        self.do("Emulation.setScrollbarsHidden", hidden=True)
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.do(f"{domain}.enable")

    def do(self, method, **parameters):
        """One command, and its result; what happens meanwhile is noted."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                expect("error" not in message, f"{method}: {message.get('error')}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        facts = message.get("params", {})
        if message["method"] == "Runtime.exceptionThrown":
            self.complaints.append(facts["exceptionDetails"].get("exception", facts["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            self.complaints.append(facts["entry"])
        elif message["method"] == "Network.requestWillBeSent":
            self.requested.append(facts["request"]["url"])
        elif message["method"] == "Network.webSocketCreated":
            self.requested.append(facts["url"])

    # What is there

    def value(self, expression):
        """What an expression of the page amounts to, as if a person had caused it."""
        answer = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                         userGesture=True)
        expect("exceptionDetails" not in answer, f"{expression}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    def wait(self, expression, what=None, seconds=PATIENCE_SECONDS):
        """Waits until an expression is true, or holds something."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.value(expression)
            if value:
                return value
            expect(time.monotonic() < deadline, f"{what or expression} did not come; the page says: {self.text()[:2000]}")
            time.sleep(0.05)

    def text(self, element="document.body"):
        return self.value(f"{element}.innerText")

    def rows(self, body):
        """The cells of a table's rows, as they are read."""
        return self.value(f"[...document.getElementById('{body}').rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))")

    # What is done

    def visit(self, url):
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def click(self, element):
        """Clicks in the middle of an element, where a person would."""
        place = self.value(
            f"(() => {{ const element = {element}; element.scrollIntoView({{block: 'center'}});"
            " const box = element.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2, element.contains(document.elementFromPoint("
            "box.x + box.width / 2, box.y + box.height / 2))]; })()")
        expect(place[2], f"{element} is covered by something else")
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def type(self, text):
        self.do("Input.insertText", text=text)

    def press(self, key, code=0):
        for kind in ("keyDown", "keyUp"):
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                    text="\r" if key == "Enter" and kind == "keyDown" else "")

    def choose_file(self, selector, path):
        root = self.do("DOM.getDocument")["root"]["nodeId"]
        node = self.do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.do("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    # How it looks

    def look(self, width, height, scheme="light", is_phone=False):
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height,
                deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def photograph(self, path, whole=True):
        image = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(image))

    def nameless(self):
        """What can be used and has no name for those who cannot see it."""
        roles = {"button", "textbox", "combobox", "checkbox", "radio", "link", "searchbox"}
        nodes = self.do("Accessibility.getFullAXTree")["nodes"]
        return [node["role"]["value"] for node in nodes
                if not node["ignored"] and node["role"]["value"] in roles and not node.get("name", {}).get("value")]

    def close(self):
        self._socket.close()
