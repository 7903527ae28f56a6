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
from gimefive_jax.parallel.agreement import check_alike
from gimefive_jax.parallel.coordinator import bind_address, wait_for_coordinator

# After so long without a sign of life a process counts as dead, and the others end.
HEARTBEAT_SECONDS = 60
# How long a process that ends waits for the others to end as well.
_LEAVE_SECONDS = 30
_SLURM = ("JOB_ID", "STEP_NODELIST", "NTASKS", "PROCID", "LOCALID")


class ProcessLostError(RuntimeError):
    """Another process has ended, so that this one cannot go on; starting all again mends it."""


@dataclasses.dataclass(frozen=True)
class Start:
    """What the user said about processes.

    Raises:
      InputError: Two of the fields contradict each other.
    """

    distributed: bool = False
    """Demand several: ask jax, which knows TPU slices, SLURM, Open MPI and Kubernetes."""
    alone: bool = False
    """A run of its own, whatever the environment says."""
    coordinator: str = ""
    """HOST:PORT of process 0, given together with the two numbers."""
    num_processes: int | None = None
    process_id: int | None = None
    connect_seconds: float = 120.0
    """How long to wait for the others."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def announcement(self) -> str:
        """A line for the user before processes that were started by hand join; else empty.

        jax ends a process itself where another does not come, so this must be said beforehand.
        """
        if not self.coordinator:
            return ""
        return (
            f"process {self.process_id} of {self.num_processes} waits {self.connect_seconds:g} "
            f"seconds at most for the others at {self.coordinator}; a stack trace of jax right "
            "after this line means that one of them did not come, or that a --process-id was "
            "given twice"
        )


def is_first() -> bool:
    """Whether this process owns the run folder and speaks to the user."""
    return jax.process_index() == 0


@contextlib.contextmanager
def processes(start: Start) -> Iterator[None]:
    """Runs the block as one of several processes, or alone.

    Args:
      start: What the user said about processes. No device may have been used before.

    Raises:
      InputError: The processes cannot find each other, or disagree on their number.
      ProcessLostError: One ended while the block ran. The process should then be left at once,
        because an orderly end waits for the others.
    """
    if not _join(start):
        yield
        return
    try:
        if start.num_processes is not None:
            check_alike(
                f"--num-processes {start.num_processes}", mend="give all processes the same"
            )
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
    """Connects this process with the others; False where it is alone."""
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
    if by_hand:
        _connect(initialize, start)
    else:
        _detect(initialize)
    return True


def _connect(initialize: Callable[..., None], start: Start) -> None:
    assert start.process_id is not None
    host, _, port = start.coordinator.rpartition(":")
    host, bind = host.strip("[]"), None
    if start.process_id == 0:
        bind = bind_address(host, int(port))
    else:
        wait_for_coordinator(
            host, int(port), process_id=start.process_id, seconds=start.connect_seconds
        )
    initialize(
        start.coordinator,
        start.num_processes,
        start.process_id,
        # Nothing is left to detect: SLURM would give each process one device.
        cluster_detection_method="deactivate",
        coordinator_bind_address=bind,
    )


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
