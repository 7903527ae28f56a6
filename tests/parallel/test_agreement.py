"""What two processes tell each other arrives, to the bit."""

import json
import os
import socket
import subprocess
import sys

from tests.processes import free_port


def test_what_processes_tell_each_other_arrives():
    port = str(free_port())
    flags = "--xla_force_host_platform_device_count=2"
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.parallel.together", port, str(number)],
            env={**os.environ, "XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (0, 1)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    host = socket.gethostname()
    for output in outputs:
        assert json.loads(output.splitlines()[-1]) == {
            "devices": 4,
            # Its longest axis is divided.
            "part": [8, 1024],
            "fetched": True,
            "gathered": True,
            "sent": ["-0.0", [0, 1, 2]],
            "largest": [1, 0],
            "mistake of ()": "",
            "mistake of (1,)": f"process 1 on {host}: value 3 must be 4",
            # Where all make the same, no process needs naming.
            "mistake of (0, 1)": "value 3 must be 4",
            "unlike": "process 1 has seed 1, process 0 has seed 0; give the same",
        }
