import re

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.parallel import Start
from gimefive_jax.parallel.start import launcher

_SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_NODELIST": "node[1-2]",
    "SLURM_NTASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "0",
}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"coordinator": "a:1"}, "--num-processes and --process-id missing"),
        ({"num_processes": 2, "process_id": 0}, "--coordinator missing"),
        ({"alone": True, "distributed": True}, "--alone contradicts --distributed"),
        ({"alone": True, "num_processes": 2}, "--alone contradicts --num-processes"),
        ({"connect_seconds": 0.0}, "--connect-seconds 0 must be positive"),
        ({"coordinator": "a", "num_processes": 2, "process_id": 0}, "a must be HOST:PORT"),
        ({"coordinator": "a:0", "num_processes": 2, "process_id": 0}, "a:0 must be HOST:PORT"),
        ({"coordinator": "a:1", "num_processes": 0, "process_id": 0}, "0 must be positive"),
        ({"coordinator": "a:1", "num_processes": 2, "process_id": 2}, "2 must lie in 0..1"),
    ],
)
def test_contradictions_are_one_line(fields: dict, message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        Start(**fields)


def test_a_launcher_is_known_by_its_environment(monkeypatch: pytest.MonkeyPatch):
    assert launcher() is None
    for name, value in _SLURM.items():
        monkeypatch.setenv(name, value)
    assert launcher() == "SLURM"
    # A batch script itself runs once, whatever its job was given.
    monkeypatch.delenv("SLURM_STEP_NODELIST")
    assert launcher() is None


def test_one_process_of_a_launcher_is_nobody_among_several(monkeypatch: pytest.MonkeyPatch):
    for name, value in (_SLURM | {"SLURM_NTASKS": "1"}).items():
        monkeypatch.setenv(name, value)
    assert launcher() is None
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", "1.0;tcp://10.0.0.1:34911")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "1")
    assert launcher() is None
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    assert launcher() == "Open MPI"
