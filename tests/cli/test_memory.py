import subprocess
import sys

import pytest

# In a process of its own: the setting has to come before jax starts its threads.
_FAULTS = """
import resource, jax, jax.numpy as jnp
from gimefive_jax.cli.memory import keep_freed_memory
keep_freed_memory()
program = jax.jit(lambda x: (x @ x) @ x)
x = jnp.ones((3000, 3000))
for _ in range(3):
    jax.block_until_ready(program(x))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
jax.block_until_ready(program(x))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc alone is set")
def test_a_step_reuses_the_memory_of_the_one_before():
    run = subprocess.run(
        [sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True
    )
    # The product between is 36 MB, 8,789 pages that would be mapped anew.
    assert int(run.stdout) < 1000
