import ctypes
import subprocess
import sys

import pytest

# In a process of its own: malloc's settings are the process's. A block of 64 MiB, as XLA's
# intermediates are, is taken, touched and freed twice; counted are the page faults of the second.
_FAULTS = """
import ctypes, resource, sys
if sys.argv[1] == "kept":
    from gimefive_jax.cli.memory import keep_freed_memory
    keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def touch():
    block = libc.malloc(64 << 20)
    ctypes.memset(block, 1, 64 << 20)
    libc.free(block)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(setting: str) -> int:
    command = [sys.executable, "-c", _FAULTS, setting]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="glibc's malloc alone is set",
)
def test_freed_memory_is_taken_again():
    returned = _faults("returned")
    # Sixteen thousand small pages, or some thirty large ones.
    assert returned > 20
    assert _faults("kept") < returned / 4
