"""`gimefive live`."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Literal

import tyro

from gimefive_jax.cli.extras import check_extra
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import tell, tell_meaning, tell_notice
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Explain the faces of a browser's camera, on a page of this computer.

    Open the printed address in a browser on this computer and press Start there. Pictures are
    processed here and nothing is stored; no other computer and no other page can connect. Ctrl-C
    ends it.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small, small_local."""
    port: int = 8000
    """Port of the page on 127.0.0.1; 0 takes any free one."""
    detector: Literal["blazeface", "litert", "haar", "none"] = "blazeface"
    """What finds faces. litert is blazeface in less time on a CPU, with gimefive-jax[litert]; haar
    needs gimefive-jax[faces]; none takes each picture as one face."""
    min_face_score: float = 0.5
    """Score of the detector that a face needs, from 0 to 1."""
    max_faces: int = 4
    """At most so many faces are classified in a frame, the largest."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="live")
    check_extra("live", "the live page", ("starlette", "uvicorn", "websockets"))
    if arguments.max_faces < 1:
        raise InputError(f"--max-faces {arguments.max_faces} must be at least 1")
    from gimefive_jax.live.server import listen

    # Taken first: whoever cannot have the port need not wait for the model.
    with listen(arguments.port) as listening:
        from gimefive_jax.api import load
        from gimefive_jax.live.serving import serve
        from gimefive_jax.live.setting_up import LiveOptions

        classifier = load(arguments.model)
        tell_meaning()
        tell_notice(arguments.model, classifier)
        options = LiveOptions(arguments.detector, arguments.min_face_score, arguments.max_faces)
        tell("preparing the model, some seconds")
        serve(classifier, listening, options=options, ready=_tell_address)
    return 0


def _tell_address(address: str) -> None:
    print(address, flush=True)
    tell("open this address in a browser on this computer; Ctrl-C ends it")
