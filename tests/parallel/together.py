"""What one of two processes does in test_agreement.py; prints what it got as JSON."""

import json
import sys

import jax
import numpy as np

from gimefive_jax import parallel
from gimefive_jax.errors import InputError


def main(port: str, number: int) -> None:
    """Take part as process `number`."""
    start = parallel.Start(coordinator=f"127.0.0.1:{port}", num_processes=2, process_id=number)
    with parallel.processes(start):
        mesh = parallel.make_mesh()
        whole = np.arange(8 * 4096, dtype=np.float32).reshape(8, 4096)
        divided = parallel.put({"a": whole}, parallel.divide({"a": whole}, mesh))
        gathered = parallel.put_replicated(divided, mesh)["a"]
        sent = parallel.from_first(
            {"zero": np.float32(-0.0 if number == 0 else 5), "word": np.arange(3) * (1 - number)}
        )
        found = {
            "devices": mesh.size,
            "part": divided["a"].addressable_shards[0].data.shape,
            "fetched": bool((parallel.fetch(divided)["a"] == whole).all()),
            "gathered": bool((jax.device_get(gathered) == whole).all()),
            "sent": [str(sent["zero"]), sent["word"].tolist()],
            "largest": np.asarray(parallel.largest(np.array([number, -number]), mesh)).tolist(),
        }
        for wrong in ((), (1,), (0, 1)):
            try:
                with parallel.mistakes_shared():
                    if number in wrong:
                        raise InputError("value 3 must be 4")
                found[f"mistake of {wrong}"] = ""
            except InputError as error:
                found[f"mistake of {wrong}"] = str(error)
        try:
            parallel.check_alike(f"seed {number}", mend="give the same")
        except InputError as error:
            found["unlike"] = str(error)
    print("\n" + json.dumps(found))


main(sys.argv[1], int(sys.argv[2]))
