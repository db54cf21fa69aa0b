"""The memory of a process, as a core dump or a debugger would see it."""

import dataclasses
import pathlib
import re

HEADER = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)$")
# core(5): the bits of /proc/PID/coredump_filter.
ANONYMOUS_PRIVATE, ANONYMOUS_SHARED, FILE_PRIVATE, FILE_SHARED = 1, 2, 4, 8
PIECE = 16 << 20
# Longer than any needle, so that none is missed between two pieces.
OVERLAP = 64 << 10


@dataclasses.dataclass
class Mapping:
    start: int
    end: int
    modes: str
    inode: int
    name: str
    flags: frozenset = frozenset()

    @property
    def is_excluded(self):
        """Whether the process has taken it out of dumps (MADV_DONTDUMP)."""
        return "dd" in self.flags

    @property
    def is_readable(self):
        return "r" in self.modes and self.name not in ("[vvar]", "[vsyscall]", "[vvar_vclock]")

    @property
    def filter_bit(self):
        shared = "s" in self.modes
        if self.inode == 0:
            return ANONYMOUS_SHARED if shared else ANONYMOUS_PRIVATE
        return FILE_SHARED if shared else FILE_PRIVATE


class Memory:
    def __init__(self, pid):
        self._proc = pathlib.Path(f"/proc/{pid}")

    def mappings(self):
        found = []
        for line in (self._proc / "smaps").read_text().splitlines():
            if match := HEADER.match(line):
                start, end, modes, inode, name = match.groups()
                found.append(Mapping(int(start, 16), int(end, 16), modes, int(inode), name))
            elif line.startswith("VmFlags:"):
                found[-1].flags = frozenset(line.split()[1:])
        return [mapping for mapping in found if mapping.is_readable]

    def core(self):
        """What a core of the process holds by its own coredump_filter, were it dumped now (core(5))."""
        wanted = int((self._proc / "coredump_filter").read_text(), 16)
        return self.read(mapping for mapping in self.mappings()
                         if not mapping.is_excluded and wanted & mapping.filter_bit)

    def outside_secret_pages(self):
        """All that can be read but the mappings that are left out of dumps."""
        return self.read(mapping for mapping in self.mappings() if not mapping.is_excluded)

    def secret_pages(self):
        return self.read(mapping for mapping in self.mappings() if mapping.is_excluded)

    def read(self, mappings):
        """The content, piece by piece."""
        with open(self._proc / "mem", "rb", buffering=0) as memory:
            for mapping in mappings:
                for start in range(mapping.start, mapping.end, PIECE - OVERLAP):
                    memory.seek(start)
                    try:
                        yield memory.read(min(PIECE, mapping.end - start))
                    except OSError:
                        pass  # a guard page, or a page beyond the end of its file

    def told_by_kernel(self):
        """What /proc shows of it without ptrace."""
        return [(self._proc / name).read_bytes() for name in ("environ", "cmdline", "comm", "status")]
