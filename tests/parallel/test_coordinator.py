"""What is told of the coordinator's address in one line, before jax starts."""

import socket

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.parallel.coordinator import bind_address, wait_for_coordinator
from tests.processes import free_port


def test_process_0_listens_at_the_named_address_alone():
    port = free_port()
    assert bind_address("127.0.0.1", port) == f"127.0.0.1:{port}"
    # Checked, not kept: jax has to be able to take it.
    assert bind_address("127.0.0.1", port) == f"127.0.0.1:{port}"


def test_an_address_that_is_another_machines_means_all_of_ours():
    port = free_port()
    # Set aside for documentation: no machine has it.
    assert bind_address("192.0.2.1", port) == f"[::]:{port}"


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} .*in use.*--coordinator"):
            bind_address("127.0.0.1", port)


def test_a_missing_coordinator_is_named():
    port = free_port()
    with pytest.raises(InputError, match=rf"process 1 .*127.0.0.1:{port} .*0.5 seconds.*refused"):
        wait_for_coordinator("127.0.0.1", port, process_id=1, seconds=0.5)


def test_a_coordinator_that_answers_is_waited_for_no_longer():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        wait_for_coordinator("127.0.0.1", port, process_id=1, seconds=60.0)


@pytest.mark.parametrize("process_id", [0, 1])
def test_an_unknown_host_is_named(process_id: int):
    with pytest.raises(InputError, match=r"no-such-host.invalid:1.*unknown"):  # noqa: PT012
        if process_id == 0:
            bind_address("no-such-host.invalid", 1)
        else:
            wait_for_coordinator("no-such-host.invalid", 1, process_id=1, seconds=60.0)
