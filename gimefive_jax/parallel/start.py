"""Start-up of a run over several processes: which ones there are, and how they join and leave."""

import contextlib
import dataclasses
import functools
import importlib.util
import os
import re
from collections.abc import Callable, Iterator

import jax

from gimefive_jax.errors import InputError
from gimefive_jax.parallel.meeting import meet

# After so long without a sign of life a process counts as dead, and the others end.
HEARTBEAT_SECONDS = 60
# How long a process that ends waits for the others to end as well.
_LEAVE_SECONDS = 30
_SLURM = ("JOB_ID", "STEP_NODELIST", "NTASKS", "PROCID", "LOCALID")


class ProcessLostError(RuntimeError):
    """Another process has ended, so that this one cannot go on; starting all again mends it."""


@dataclasses.dataclass(frozen=True)
class Start:
    """What the user said about processes."""

    distributed: bool = False
    """Demand several: ask jax, which knows TPU slices, SLURM, Open MPI and Kubernetes."""
    alone: bool = False
    """A run of its own, whatever the environment says."""
    coordinator: str = ""
    """HOST:PORT of process 0; with it come the two numbers."""
    num_processes: int | None = None
    process_id: int | None = None
    connect_seconds: float = 120.0
    """How long to wait for the others."""

    def __post_init__(self) -> None:
        _check(self)


def is_first() -> bool:
    """Whether this process owns the run folder and speaks to the user."""
    return jax.process_index() == 0


@contextlib.contextmanager
def processes(start: Start) -> Iterator[None]:
    """The block as one of several processes, or alone; nothing may have touched a device before.

    Raises InputError where they do not find each other, ProcessLostError where one ends in between:
    then the process should be left at once, because an orderly end waits for the others.
    """
    if not _join(start):
        yield
        return
    try:
        yield
    except (InputError, OSError):
        # All processes have raised it: see mistakes_shared.
        jax.distributed.shutdown()
        raise
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        reason = " ".join(str(error).split())[:200]
        raise ProcessLostError(
            f"process {jax.process_index()} cannot go on, probably because another one has ended "
            f"({reason}); start all of them again, and they go on from the last checkpoint"
        ) from error
    jax.distributed.shutdown()


def _join(start: Start) -> bool:
    by_hand = bool(start.coordinator)
    if start.alone or not (by_hand or start.distributed or launcher() is not None):
        return False
    # Its SIGTERM handler would take the place of ours, which saves and ends in order.
    jax.config.update("jax_enable_preemption_service", False)
    initialize = functools.partial(
        jax.distributed.initialize,
        initialization_timeout=max(1, round(start.connect_seconds)),
        heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        shutdown_timeout_seconds=_LEAVE_SECONDS,
    )
    if not by_hand:
        _detect(initialize)
        return True
    assert start.num_processes is not None
    assert start.process_id is not None
    host, port = start.coordinator.rsplit(":", 1)
    meet(
        host.strip("[]"),
        int(port),
        num_processes=start.num_processes,
        process_id=start.process_id,
        seconds=start.connect_seconds,
    )
    # Nothing is left to detect: SLURM would give each process one device.
    initialize(
        start.coordinator,
        start.num_processes,
        start.process_id,
        cluster_detection_method="deactivate",
    )
    return True


def _detect(initialize: Callable[[], None]) -> None:
    try:
        initialize()
    # jax raises a ValueError where it found nothing, the others where an environment is half there.
    except (ValueError, KeyError, RuntimeError, OSError) as error:
        reason = "" if isinstance(error, ValueError) else f" ({' '.join(str(error).split())[:200]})"
        raise InputError(
            "--distributed finds no TPU slice, SLURM step or Open MPI job that says which "
            f"processes there are{reason}; give --coordinator HOST:PORT, --num-processes N and "
            "--process-id I to each"
        ) from error


def launcher() -> str | None:
    """Who started this process as one of several, by its environment; None if nobody says so."""
    names = [f"SLURM_{name}" for name in _SLURM]
    in_step = all(name in os.environ for name in names)
    if in_step and _number("SLURM_NTASKS") > 1 and _number("SLURM_STEP_NUM_TASKS", 2) > 1:
        return "SLURM"
    if "OMPI_MCA_orte_hnp_uri" in os.environ and _number("OMPI_COMM_WORLD_SIZE") > 1:
        return "Open MPI"
    hosts = os.environ.get("TPU_PROCESS_ADDRESSES") or os.environ.get("TPU_WORKER_HOSTNAMES") or ""
    if "," in hosts and importlib.util.find_spec("libtpu") is not None:
        return "TPU slice"
    return None


def _number(name: str, default: int = 1) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else default


def _check(start: Start) -> None:
    by_hand = {
        "--coordinator": start.coordinator or None,
        "--num-processes": start.num_processes,
        "--process-id": start.process_id,
    }
    given = [name for name, value in by_hand.items() if value is not None]
    missing = [name for name, value in by_hand.items() if value is None]
    if start.alone and (given or start.distributed):
        raise InputError(f"--alone contradicts {[*given, '--distributed'][0]}; give one of them")
    if start.connect_seconds <= 0:
        raise InputError(f"--connect-seconds {start.connect_seconds:g} must be positive")
    if not given:
        return
    if missing:
        raise InputError(
            f"{' and '.join(missing)} missing: --coordinator, --num-processes and --process-id "
            "belong together; give all three to each process"
        )
    host, _, port = start.coordinator.rpartition(":")
    if not host or not re.fullmatch(r"\d{1,5}", port) or not 0 < int(port) < 2**16:
        raise InputError(
            f"--coordinator {start.coordinator} must be HOST:PORT, the address of process 0, such "
            "as 10.0.0.1:8476"
        )
    assert start.num_processes is not None
    assert start.process_id is not None
    if start.num_processes < 1:
        raise InputError(f"--num-processes {start.num_processes} must be positive")
    if not 0 <= start.process_id < start.num_processes:
        raise InputError(
            f"--process-id {start.process_id} must lie in 0..{start.num_processes - 1}: "
            f"there are {start.num_processes} processes"
        )
