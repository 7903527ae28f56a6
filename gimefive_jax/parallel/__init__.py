"""Devices and processes: mesh, shardings, start-up, and what processes agree on."""

from gimefive_jax.parallel.agreement import (
    check_alike,
    from_first,
    largest,
    mistakes_shared,
)
from gimefive_jax.parallel.devices import (
    check_batch_size,
    check_processes,
    device_memory,
    divide,
    fetch,
    has_fast_loops,
    keep_rows,
    make_mesh,
    put,
    put_process_rows,
    put_replicated,
    put_rows,
    replicated,
    round_up,
    rows,
)
from gimefive_jax.parallel.start import ProcessLostError, Start, is_first, processes

__all__ = [
    "ProcessLostError",
    "Start",
    "check_alike",
    "check_batch_size",
    "check_processes",
    "device_memory",
    "divide",
    "fetch",
    "from_first",
    "has_fast_loops",
    "is_first",
    "keep_rows",
    "largest",
    "make_mesh",
    "mistakes_shared",
    "processes",
    "put",
    "put_process_rows",
    "put_replicated",
    "put_rows",
    "replicated",
    "round_up",
    "rows",
]
