"""A secret in all the shapes in which it may turn up, and the search for them."""

import base64
import collections


class Secret:
    """A secret with a name that may be printed.

    `kind` says by which promise it is judged, `is_kept` whether the relay goes on needing it, in this shape.
    """

    def __init__(self, name, kind, value, is_kept=False):
        self.name, self.kind, self.is_kept = name, kind, is_kept
        self.value = value.encode() if isinstance(value, str) else value
        self.shapes = dict(shapes(self.value))

    def found_in(self, text):
        """How often each shape is in `text`; shapes that are not are left out."""
        counts = {shape: text.count(needle) for shape, needle in self.shapes.items()}
        return {shape: count for shape, count in counts.items() if count}


def shapes(value):
    yield "raw", value
    yield "reversed", value[::-1]  # as the words of a large number are kept
    yield "hex", value.hex().encode()
    yield "HEX", value.hex().upper().encode()
    yield "percent", "".join(f"%{byte:02X}" for byte in value).encode()
    for offset in range(3):
        text = in_base64(value, offset)
        yield f"base64+{offset}", text
        if (other := text.replace(b"+", b"-").replace(b"/", b"_")) != text:
            yield f"base64url+{offset}", other


def in_base64(value, offset):
    """The characters of base64 that `value` alone determines when `offset` bytes stand before it."""
    text = base64.b64encode(bytes(offset) + value)
    whole = (offset + len(value)) * 8 // 6
    return text[-(-offset * 8 // 6):whole]


def hits(secrets, pieces):
    """How often each secret is in any of the pieces: name, then shape, then count."""
    found = collections.defaultdict(collections.Counter)
    for piece in pieces:
        for secret in secrets:
            if counts := secret.found_in(piece):
                found[secret.name].update(counts)
    return found
