# SPDX-License-Identifier: GPL-2.0-only
"""Works in a mapped zone as Python programs do: sorts, looks up, shares.

programs.py PATH BYTES: PATH is a zone's device node, or /proc/PID/fd/N of one.
Prints what it did, and ends with a traceback when anything is wrong.
"""
import array
import heapq
import mmap
import os
import struct
import sys

RUN = 8192  # numbers sorted at a time


def numbers(count):
    """The same pseudo-random 64-bit numbers each time, none of them twice."""
    result = array.array("Q", bytes(8 * count))
    number = 1
    for index in range(count):
        number = (number * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        result[index] = number
    return result


def fill(view, values):
    for start in range(0, len(values), RUN):
        view[start:start + RUN] = values[start:start + RUN]


def sort(view, half):
    """Runs sorted where they are, then merged into the other half."""
    for start in range(0, half, RUN):
        view[start:start + RUN] = array.array("Q", sorted(view[start:start + RUN]))
    runs = [view[start:start + RUN] for start in range(0, half, RUN)]
    for index, value in enumerate(heapq.merge(*runs), half):
        view[index] = value


def check_sorted(view, half, values):
    expected = array.array("Q", sorted(values))
    for start in range(0, half, RUN):
        assert view[half + start:half + start + RUN] == memoryview(expected)[start:start + RUN], \
            f"the run at {start} is not as it was sorted"


class Table:
    """An open hash table of (key, value) in a mapping that reads as zeros."""

    ENTRY = struct.Struct("<QQ")

    def __init__(self, memory, offset, entries):
        self.memory, self.offset, self.entries = memory, offset, entries

    def find(self, key):
        place = key * 0x9E3779B97F4A7C15 % 2 ** 64 % self.entries
        while True:
            where = self.offset + place * self.ENTRY.size
            found, value = self.ENTRY.unpack_from(self.memory, where)
            if found in (key, 0):
                return where, found, value
            place = (place + 1) % self.entries

    def put(self, key, value):
        self.ENTRY.pack_into(self.memory, self.find(key)[0], key, value)

    def get(self, key):
        _, found, value = self.find(key)
        return value if found else None


def look_up(memory, offset, size):
    table = Table(memory, offset, size // Table.ENTRY.size)
    keys = [key | 1 for key in numbers(table.entries // 4)]
    table_of_python = {}
    for index, key in enumerate(keys):
        table.put(key, index)
        table_of_python[key] = index
    for key, value in table_of_python.items():
        assert table.get(key) == value, f"key {key:x}"
    assert table.get(2) is None


def as_bytes(memory, size):
    """What a mapping has of bytes and of files."""
    memory[size // 2:size // 2 + 9] = b"a needle!"
    assert memory.rfind(b"a needle!") == size // 2
    memory.move(7, size // 2, 9)
    assert memory[7:16] == b"a needle!"
    memory.seek(size // 2)
    assert memory.read(9) == b"a needle!"
    memory.flush()
    memory.madvise(mmap.MADV_DONTNEED)
    assert memory[7:16] == b"a needle!", "MADV_DONTNEED lost contents"


def with_descriptor(fd, memory, size):
    os.posix_fadvise(fd, 0, size, os.POSIX_FADV_DONTNEED)
    assert os.pread(fd, 9, size // 2) == b"a needle!"
    assert os.pwritev(fd, [b"left", b"right"], 4093) == 9
    assert memory[4093:4102] == b"leftright"
    assert os.lseek(fd, 0, os.SEEK_END) == size
    os.posix_fadvise(fd, 0, size, os.POSIX_FADV_WILLNEED)


def share(memory, size):
    """A child writes every other page, its parent the rest, at the same time."""
    child = os.fork()
    mine = 1 if child else 0
    for page in range(mine, size // 4096, 2):
        memory[page * 4096:page * 4096 + 8] = struct.pack("<Q", page * 3 + mine)
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for page in range(size // 4096):
        assert struct.unpack_from("<Q", memory, page * 4096)[0] == page * 3 + page % 2, f"page {page}"


def refuse(memory, size):
    """A mapping that cannot grow says so, and loses nothing."""
    before = memory[:64]
    try:
        memory.resize(size * 2)
    except (OSError, SystemError) as error:
        print(f"resize: {error}")
    else:
        raise AssertionError("a mapping grew")
    assert memory[:64] == before


def main(path, size):
    fd = os.open(path, os.O_RDWR)
    memory = mmap.mmap(fd, size)
    half = size // 16
    values = numbers(half)
    with memoryview(memory) as plain, plain.cast("Q") as view:
        fill(view, values)
        sort(view, half)
        check_sorted(view, half, values)
        print(f"sorted {half} numbers")
        fill(view, array.array("Q", bytes(size // 2)))
    look_up(memory, 0, size // 2)
    print("looked up as a dict does")
    as_bytes(memory, size)
    with_descriptor(fd, memory, size)
    print("read and wrote as a file and as bytes")
    share(memory, size)
    print("shared with a child")
    refuse(memory, size)
    memory.close()
    os.close(fd)


main(sys.argv[1], int(sys.argv[2]))
