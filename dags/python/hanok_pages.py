"""Huge pages for a process that forks often. A fork copies the page table, one entry for each of some 27,000 pages of
the SDK's heap, and the child's end undoes it: more than half of what a child costs that does nothing. In pages of 2 MiB
the same memory is some 50 entries.

Gathering the pages costs as much as some tens of forks and gives the process memory of its own that it shared with the
host, so it is done once, by a process that has forked that often, and only where memory is plenty."""

import ctypes

FORKS_BEFORE = 40
MEMORY_LEFT_KIB = 2 << 20
HUGE_BYTES = 2 << 20
MADV_COLLAPSE = 25  # Linux 6.1; an older one refuses, and nothing changes


def is_memory_plenty():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) >= MEMORY_LEFT_KIB
    return False


def heap_ranges():
    """(begin, end) of the private memory of no file, as far as whole huge pages go."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        lines = file.read().splitlines()
    for line in lines:
        fields = line.split()
        if fields[1] != "rw-p" or (len(fields) > 5 and fields[5] != "[heap]"):
            continue
        begin, end = (int(text, 16) for text in fields[0].split("-"))
        begin = -(-begin // HUGE_BYTES) * HUGE_BYTES
        if end // HUGE_BYTES * HUGE_BYTES > begin:
            yield begin, end // HUGE_BYTES * HUGE_BYTES


def use_huge_pages(libc):
    if not is_memory_plenty():
        return
    for begin, end in heap_ranges():
        for at in range(begin, end, HUGE_BYTES):
            libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(HUGE_BYTES), MADV_COLLAPSE)
