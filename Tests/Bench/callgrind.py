"""Reads what callgrind wrote: the instructions of a run, and who allocated how often."""

import dataclasses
import re

ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"}


@dataclasses.dataclass(frozen=True)
class Profile:
    instructions: float
    allocations_of_openssl: float
    own_allocations: float

    def __sub__(self, other):
        return Profile(*(mine - theirs for mine, theirs in zip(dataclasses.astuple(self), dataclasses.astuple(other))))

    def __truediv__(self, number):
        return Profile(*(value / number for value in dataclasses.astuple(self)))

    @staticmethod
    def read(path):
        """The format is that of the "Callgrind Format Specification" in valgrind's manual."""
        objects, functions = {}, {}
        caller, callee = "", ""
        instructions, openssl, own = 0, 0, 0
        for line in open(path, errors="replace"):
            key, _, value = line.rstrip("\n").partition("=")
            if key == "ob":
                caller = name(value, objects)
            elif key == "cob":
                name(value, objects)
            elif key == "fn":
                name(value, functions)
            elif key == "cfn":
                callee = name(value, functions)
            elif key == "calls" and callee in ALLOCATORS:
                count = int(value.split()[0])
                if "libcrypto" in caller or "libssl" in caller:
                    openssl += count
                elif "tidegate" in caller:
                    own += count
            elif line.startswith("totals:"):
                instructions = int(line.split()[1])
        return Profile(instructions, openssl, own)


def name(value, names):
    """A name is written once, after its number; later the number stands alone."""
    number, text = re.fullmatch(r"(\(\d+\))?\s*(.*)", value).groups()
    if number and text:
        names[number] = text
    return names.get(number, text)
