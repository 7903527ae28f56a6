"""Processes that were started by hand find each other, or say in one line who is missing.

jax's own start-up ends the whole process with a stack trace when another does not come; so they
meet here first, on the port that jax uses afterwards.
"""

import contextlib
import json
import socket
import time

from gimefive_jax.errors import InputError

_PAUSE = 0.2
# A stranger's connection must not hold up the others.
_GREETING_SECONDS = 2.0


def meet(host: str, port: int, *, num_processes: int, process_id: int, seconds: float) -> None:
    """Return once all processes are there; InputError after `seconds`, or where numbers differ."""
    deadline = time.monotonic() + seconds
    if process_id == 0:
        _receive(port, num_processes, deadline, seconds)
    else:
        _report(host, port, num_processes, process_id, deadline, seconds)


def _receive(port: int, num_processes: int, deadline: float, seconds: float) -> None:
    there: dict[int, socket.socket] = {}
    with contextlib.ExitStack() as open_sockets:
        server = open_sockets.enter_context(_listen(port))
        while len(there) < num_processes - 1:
            server.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                connection = open_sockets.enter_context(server.accept()[0])
            except TimeoutError:
                missing = sorted(set(range(1, num_processes)) - set(there))
                mistake = (
                    f"of {num_processes} processes {_list(missing)} did not come within "
                    f"{seconds:g} seconds; start all of them, or allow more --connect-seconds"
                )
                _answer([*there.values()], mistake)
                raise InputError(mistake) from None
            if (greeting := _greeting(connection)) is None:
                continue
            number, count = greeting
            mistake = _contradiction(number, count, num_processes, taken=set(there))
            if mistake:
                _answer([*there.values(), connection], mistake)
                raise InputError(mistake)
            there[number] = connection
        _answer([*there.values()], "")


def _report(
    host: str, port: int, num_processes: int, process_id: int, deadline: float, seconds: float
) -> None:
    reason = "nothing answers there"
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection((host, port), timeout=left) as connection:
                greeting = {"gimefive": process_id, "of": num_processes}
                connection.sendall(json.dumps(greeting).encode() + b"\n")
                # Process 0 answers once all are there, and has its own deadline.
                connection.settimeout(left + 5)
                answer = json.loads(connection.makefile("rb").readline() or b"null")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or reason
            time.sleep(_PAUSE)
            continue
        if not isinstance(answer, dict):
            # It went away, perhaps because somebody else did not fit.
            time.sleep(_PAUSE)
            continue
        if answer.get("mistake"):
            raise InputError(str(answer["mistake"]))
        return
    raise InputError(
        f"process {process_id} cannot reach the coordinator {host}:{port} within {seconds:g} "
        f"seconds ({reason}); start process 0 there and let this host reach the port, or allow "
        "more --connect-seconds"
    )


def _contradiction(number: int, count: int, num_processes: int, *, taken: set[int]) -> str:
    if count != num_processes:
        return (
            f"process {number} was started as one of {count}, process 0 as one of "
            f"{num_processes}; give all the same --num-processes"
        )
    if number in taken or number == 0:
        return f"two processes were started with --process-id {number}; give each its own"
    return ""


def _listen(port: int) -> socket.socket:
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=False
            )
        return socket.create_server(("", port))
    except OSError as error:
        raise InputError(
            f"process 0 cannot listen on port {port} ({error.strerror}); choose another port for "
            "--coordinator"
        ) from error


def _greeting(connection: socket.socket) -> tuple[int, int] | None:
    connection.settimeout(_GREETING_SECONDS)
    try:
        greeting = json.loads(connection.makefile("rb").readline(200))
        return int(greeting["gimefive"]), int(greeting["of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _answer(connections: list[socket.socket], mistake: str) -> None:
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps({"mistake": mistake}).encode() + b"\n")


def _list(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")
    return f"process {shown}" if len(numbers) == 1 else f"processes {shown}"
