"""Makes the command keep freed memory; a library should not decide that for its users."""

import ctypes
import sys

# Names of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> None:
    """Lets this process reuse the memory of one step in the next; glibc would return it between.

    On CPU every program's intermediates are one block, hundreds of megabytes in training: mapped
    anew for each step, its pages cost a fault each: an eighth of a training step of `gimefive` at
    64 faces. Does nothing where there is no glibc. Threads that have allocated before keep their
    habits, so it has to come before jax starts its own.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return
    # No block is mapped by itself, however large, and the heap is never trimmed.
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, -1)
    # Other arenas are bounded by 64 MiB, beyond which every allocation is mapped anew.
    mallopt(_ARENA_MAX, 1)
