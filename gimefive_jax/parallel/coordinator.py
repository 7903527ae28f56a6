"""Checks the address of the coordinator before jax starts.

jax's own start-up ends the process with a stack trace where the address is wrong, taken or not
reached. These checks open no port that stays open and exchange no data.
"""

import contextlib
import errno
import socket
import time

from gimefive_jax.errors import InputError

_PAUSE_SECONDS = 0.2


def bind_address(host: str, port: int) -> str:
    """Finds the address at which process 0 serves the others.

    Args:
      host: Name or address of process 0, as the others reach it.
      port: Its port.

    Returns:
      `HOST:PORT` where this machine has that address, so that jax listens there alone; else
      `[::]:PORT`, which is all of its addresses.

    Raises:
      InputError: The name is unknown, or the port is taken.
    """
    family, address = _resolve(host, port)
    try:
        _try_to_bind(family, address, port)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            # Behind a translated address: the others know this machine by one it has not.
            with contextlib.suppress(OSError):
                _try_to_bind(socket.AF_INET6, "::", port)
                return f"[::]:{port}"
        raise InputError(
            f"process 0 cannot use port {port} of {host} ({error.strerror}); choose another port "
            "for --coordinator"
        ) from error
    return f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"


def wait_for_coordinator(host: str, port: int, *, process_id: int, seconds: float) -> None:
    """Returns once somebody answers at the coordinator's address.

    Args:
      host: Name or address of process 0.
      port: Its port.
      process_id: Number of this process.
      seconds: How long to try.

    Raises:
      InputError: The name is unknown, or nobody answers in time.
    """
    _, address = _resolve(host, port)
    deadline, reason = time.monotonic() + seconds, "nothing answers there"
    while (left := deadline - time.monotonic()) > 0:
        try:
            socket.create_connection((address, port), timeout=left).close()
        except OSError as error:
            reason = error.strerror or str(error) or reason
            time.sleep(min(_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        else:
            return
    raise InputError(
        f"process {process_id} cannot reach the coordinator {host}:{port} within {seconds:g} "
        f"seconds ({reason}); start process 0 there and let this host reach the port, or allow "
        "more --connect-seconds"
    )


def _resolve(host: str, port: int) -> tuple[int, str]:
    """Family and numeric address of the first entry for `host`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(
            f"--coordinator {host}:{port}: the host is unknown here ({error.strerror}); give the "
            "name or the address of process 0's machine"
        ) from error
    return family, str(address[0])


def _try_to_bind(family: int, address: str, port: int) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As servers do: a port whose last connections are still closing is free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((address, port))
