"""Processes find each other, or each says in one line why not."""

import socket
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gimefive_jax.errors import InputError
from gimefive_jax.parallel.meeting import meet
from tests.processes import free_port


def _meet_all(*numbers: tuple[int, int], seconds: float = 20.0) -> list[Future[None]]:
    """Outcome for each (number, count), all at once."""
    port = free_port()
    with ThreadPoolExecutor(len(numbers)) as pool:
        return [
            pool.submit(
                meet, "127.0.0.1", port, num_processes=count, process_id=number, seconds=seconds
            )
            for number, count in numbers
        ]


def _mistakes(outcomes: list[Future[None]]) -> list[str]:
    errors = [outcome.exception() for outcome in outcomes]
    assert all(isinstance(error, InputError) for error in errors), errors
    return [str(error) for error in errors]


def test_all_go_on_once_all_are_there():
    assert [outcome.result() for outcome in _meet_all((0, 3), (1, 3), (2, 3))] == [None] * 3


def test_one_process_waits_for_nobody():
    assert [outcome.result() for outcome in _meet_all((0, 1))] == [None]


def test_a_missing_process_is_named_to_all_others():
    mistakes = _mistakes(_meet_all((0, 3), (2, 3), seconds=1.0))
    wanted = "of 3 processes process 1 did not come within 1 seconds; start all of them"
    assert all(mistake.startswith(wanted) for mistake in mistakes)


def test_a_missing_coordinator_is_named():
    [mistake] = _mistakes(_meet_all((1, 2), seconds=0.5))
    assert mistake.startswith("process 1 cannot reach the coordinator 127.0.0.1:")
    assert "within 0.5 seconds (Connection refused); start process 0 there" in mistake


def test_processes_that_disagree_on_their_number_are_told():
    for mistake in _mistakes(_meet_all((0, 2), (1, 3), seconds=3.0)):
        assert mistake.startswith("process 1 was started as one of 3, process 0 as one of 2")


def test_two_processes_of_the_same_number_are_told():
    mistakes = _mistakes(_meet_all((0, 3), (1, 3), (1, 3), seconds=3.0))
    assert all("two processes were started with --process-id 1" in one for one in mistakes)


def test_a_taken_port_is_named():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on port {port} .* another port"):
            meet("127.0.0.1", port, num_processes=2, process_id=0, seconds=1.0)
