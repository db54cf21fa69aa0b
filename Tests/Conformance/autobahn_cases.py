"""The test cases of the Autobahn test suite, as they come from its package, under Python 3.

Autobahn's runner is bound to Python 2; its cases are plain classes that tell a peer what to send and judge what
comes back. They are loaded here unedited, but for the few words of Python 2 in them, and `fuzzing_peer` is what they
talk to. In Python 2 a string is bytes: so each source file is read as Latin-1, which turns every byte of a literal into
the character of that number, and the peer turns characters back into bytes at the wire.
"""

import binascii
import codecs
import importlib.abc
import importlib.util
import pathlib
import re
import sys
import types


class Utf8Validator:
    """Stands in for the validator of Autobahn's library, which one case asks whether its own payloads are valid."""

    def reset(self):
        pass

    def validate(self, text):
        """Is `text` valid so far, and does it end on a character?"""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(text.encode("latin-1"))
        except UnicodeDecodeError:
            return False, False
        return True, decoder.getstate()[0] == b""


# What the loaded files may name without importing it.
PYTHON_2 = {
    # `(object, Case)` as bases has no order of resolution in Python 3; an unrelated empty class has.
    "object": type("object", (), {}),
    "xrange": range,
    "unichr": chr,
    "binascii": types.SimpleNamespace(b2a_hex=lambda text: binascii.b2a_hex(text.encode("latin-1")).decode()),
    "WebSocketProtocol": types.SimpleNamespace(STATE_OPEN="open", STATE_CLOSING="closing", STATE_CLOSED="closed"),
    "Utf8Validator": Utf8Validator,
}

REWRITES = [
    (re.compile(r"^# coding=.*$", re.M), ""),
    (re.compile(r"^import binascii\s*$", re.M), ""),
    (re.compile(r"^from autobahn\b.*$", re.M), ""),
    (re.compile(r"^(\s*)print\b.*$", re.M), r"\1pass"),
    (re.compile(r"\.tostring\(\)"), '.tobytes().decode("latin-1")'),
    # The only division in the cases counts whole fragments.
    (re.compile(r"len\(self\.payload\) / self"), "len(self.payload) // self"),
]


def load_cases():
    """Every case that does not need compression, by its id ("1.1.1"), in Autobahn's order."""
    folder = _case_folder()
    sys.meta_path.insert(0, _CaseFinder(folder))
    # Categories 12 and 13 test permessage-deflate, which is declined unless an operator turns it on.
    sys.modules["case12_x_x"] = _module("case12_x_x", Case12_X_X=[], Case13_X_X=[], Case12_X_X_CaseSubCategories={},
                                        Case13_X_X_CaseSubCategories={})
    sys.modules["case9_9_1"] = _module("case9_9_1")  # not among the cases, and needs the library of the old runner
    package = importlib.util.module_from_spec(importlib.util.spec_from_loader(
        "autobahn_case_list", _CaseLoader(folder / "__init__.py")))
    package.__loader__.exec_module(package)
    return {_case_id(case): case for case in package.Cases}


def _case_id(case):
    return case.__name__.removeprefix("Case").replace("_", ".")


def _case_folder():
    suite = importlib.util.find_spec("autobahntestsuite")
    if suite is None:
        raise SystemExit("autobahntestsuite is not installed; run `scripts/setup clients`")
    return pathlib.Path(suite.submodule_search_locations[0]) / "case"


def _module(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


class _CaseFinder(importlib.abc.MetaPathFinder):
    """Finds the cases' implicit relative imports (`from case import Case`) in their own folder."""

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        file = self.folder / f"{name}.py"
        if path is None and name.startswith("case") and file.exists():
            return importlib.util.spec_from_loader(name, _CaseLoader(file))
        return None


class _CaseLoader(importlib.abc.SourceLoader):
    def __init__(self, file):
        self.file = file

    def get_filename(self, name):
        return str(self.file)

    def get_data(self, path):
        text = self.file.read_text("latin-1")  # which also turns the line ends of the few DOS files
        for pattern, replacement in REWRITES:
            text = pattern.sub(replacement, text)
        return text.encode()

    def exec_module(self, module):
        vars(module).update(PYTHON_2)
        super().exec_module(module)
