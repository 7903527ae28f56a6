"""What ROAD costs on a CPU, beside SciPy's solve per image and pytorch-grad-cam's whole metric.

    python benchmarks/faithfulness.py [--num-faces 64] [--batch-size 32] [--repeats 5]

First the imputation alone: every face with 10 to 90 % of its pixels removed in the order of a drawn
4x4 map, most and least relevant first, filled by ours in batches and by SciPy's `spsolve`
one after the other. Prints the medians, their ratio with and without SciPy's set-up of equations,
the largest residual of ours and its largest difference from SciPy's solution. Then the same holes
filled by pytorch-grad-cam's imputer, one after the other in the three equal channels of the
network's input, from which ours takes one, as it knows that they show the same grey. Then the whole
metric
with the weights `small`, beside `ROADCombined` of pytorch-grad-cam (extra `oracles`) with the same
weights in torch. Both sides of a comparison take turns. The time hardly depends on the pixels, so
drawn noise stands for faces. On a machine that others use too, `--clock processor` counts the
processor time of all threads instead; a quiet machine with two cores is better than that.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import jax
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from gimefive_jax import load
from gimefive_jax.explanation.faithfulness import measure_fn
from gimefive_jax.explanation.faithfulness.imputation import impute, residual
from gimefive_jax.explanation.faithfulness.order import pixel_ranks
from gimefive_jax.explanation.faithfulness.road import SHARES
from gimefive_jax.interop.torch_names import to_torch
from gimefive_jax.models import input_channels, logits_fn
from gimefive_jax.preprocess import pixel_scale, to_input

SIDE = 64
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
Job = Callable[[], np.ndarray]


def main() -> None:
    arguments = _parse()
    generator = np.random.default_rng(0)
    faces = gaussian_filter(generator.random((arguments.num_faces, SIDE, SIDE)), (0, 2, 2))
    faces = np.uint8(255 * (faces - faces.min()) / np.ptp(faces))[..., None]
    maps = generator.random((arguments.num_faces, 4, 4)).astype(np.float32)
    index = np.arange(arguments.num_faces)
    ranks = np.asarray(pixel_ranks(maps, (SIDE, SIDE), index))
    print(f"{arguments.num_faces} faces, {jax.devices()[0].device_kind} x {jax.device_count()}")
    _imputation(faces, ranks, arguments)
    if not arguments.no_metric:
        _metric(faces, maps, ranks, arguments)


def _imputation(faces: np.ndarray, ranks: np.ndarray, arguments: argparse.Namespace) -> None:
    counts = np.rint(np.array(SHARES) * SIDE**2)[:, None, None, None]
    gone = np.concatenate([ranks < counts, ranks >= SIDE**2 - counts])
    images = np.broadcast_to(np.float32(faces / 255), (*gone.shape, 1))
    size, setup = arguments.batch_size, []
    program = jax.jit(impute)

    def ours() -> np.ndarray:
        filled = []
        for at in range(0, len(faces), size):
            part, holes = (array[:, at : at + size] for array in (images, gone))
            found = program(part.reshape(-1, SIDE, SIDE, 1), holes.reshape(-1, SIDE, SIDE))
            filled.append(np.asarray(found).reshape(part.shape))
        return np.concatenate(filled, axis=1)

    few = slice(0, arguments.scipy_faces)

    def scipys() -> np.ndarray:
        setup.append(0.0)
        flat = zip(
            images[:, few, ..., 0].reshape(-1, SIDE, SIDE),
            gone[:, few].reshape(-1, SIDE, SIDE),
            strict=True,
        )
        return np.stack([_by_scipy(*one, setup, CLOCKS[arguments.clock]) for one in flat])

    our_times, scipy_times, found, expected = _in_turns(ours, scipys, arguments)
    our_cost = statistics.median(our_times) / (gone.size / SIDE**2)
    solves = expected.shape[0]
    scipy_cost = statistics.median(scipy_times) / solves
    alone = statistics.median(t - s for t, s in zip(scipy_times, setup, strict=True)) / solves
    miss = np.asarray(residual(found.reshape(-1, SIDE, SIDE, 1), gone.reshape(-1, SIDE, SIDE)))
    difference = np.abs(found[:, few, ..., 0].reshape(expected.shape) - expected).max()
    print(f"imputation  ours  {1e3 * our_cost:8.3f} ms/image")
    print(f"imputation  SciPy {1e3 * scipy_cost:8.3f} ms/image ({1e3 * alone:.3f} ms in spsolve)")
    print(f"ratio {scipy_cost / our_cost:.1f} ({alone / our_cost:.1f} of spsolve alone)")
    print(f"largest residual {miss.max():.1e}, largest difference from SciPy {difference:.1e}")

    if arguments.no_metric:
        return
    impute_one = _imputer_of_grad_cam()
    their_times, our_again, _, _ = _in_turns(
        lambda: impute_one(images[:, few], gone[:, few]), ours, arguments
    )
    their_cost = statistics.median(their_times) / solves
    again = statistics.median(our_again) / (gone.size / SIDE**2)
    print(f"imputation  pytorch-grad-cam, three channels {1e3 * their_cost:8.3f} ms/image")
    print(f"ratio {their_cost / again:.1f} (ours {1e3 * again:.3f} ms/image)")


def _imputer_of_grad_cam() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    from tests.oracles import pytorch_grad_cam

    pytorch_grad_cam()
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam.metrics.road import NoisyLinearImputer
    imputer = NoisyLinearImputer(noise=0.0)

    def run(images: np.ndarray, gone: np.ndarray) -> np.ndarray:
        flat = images.reshape(-1, 1, SIDE, SIDE).repeat(3, axis=1)
        masks = ~gone.reshape(-1, SIDE, SIDE)
        pairs = zip(torch.from_numpy(flat), torch.from_numpy(np.float32(masks)), strict=True)
        return np.stack([imputer(*pair).numpy() for pair in pairs])

    return run


def _by_scipy(
    image: np.ndarray, removed: np.ndarray, setup: list[float], clock: Callable[[], float]
) -> np.ndarray:
    started = clock()
    number = np.full((SIDE + 2, SIDE + 2), -2)
    number[1:-1, 1:-1] = np.where(removed, np.cumsum(removed).reshape(removed.shape) - 1, -1)
    known = np.pad(image, 1)
    own = number[1:-1, 1:-1][removed]
    right, diagonal, entries = np.zeros(len(own)), np.zeros(len(own)), []
    for down, along in ((y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)):
        at = np.s_[down : down + SIDE, along : along + SIDE]
        other, weight = number[at][removed], 1 / 6 if down == 1 or along == 1 else 1 / 12
        diagonal += weight * (other > -2)
        right += weight * known[at][removed] * (other == -1)
        ties = own[other >= 0], other[other >= 0]
        entries.append((np.full(len(ties[0]), -weight), *ties))
    values, rows, columns = map(np.concatenate, zip(*entries, (diagonal, own, own), strict=True))
    matrix = coo_matrix((values, (rows, columns))).tocsc()
    setup[-1] += clock() - started
    filled = image.astype(np.float64)
    filled[removed] = spsolve(matrix, right)
    return filled


def _metric(
    faces: np.ndarray, maps: np.ndarray, ranks: np.ndarray, arguments: argparse.Namespace
) -> None:
    from tests.oracles import pytorch_grad_cam

    pytorch_grad_cam()
    classifier = load(arguments.model)
    channels = input_channels(classifier.model)
    measure = jax.jit(measure_fn(logits_fn(classifier.model), "road", pixels=pixel_scale(channels)))
    x = np.asarray(to_input(faces, channels=channels))
    target = np.asarray(classifier.predict(faces).emotion).astype(np.int32)
    few = slice(0, arguments.torch_faces)
    size, index = arguments.batch_size, np.arange(len(faces))

    def ours() -> np.ndarray:
        parts = [slice(at, at + size) for at in range(0, len(faces), size)]
        columns = (x, maps, target, index)
        found = [measure(classifier.variables, *(one[part] for one in columns)) for part in parts]
        return np.concatenate([one["road"] for one in found])

    theirs = _of_grad_cam(classifier, x[few], ranks[few], target[few])
    our_times, their_times, found, expected = _in_turns(ours, theirs, arguments)
    our_cost = statistics.median(our_times) / len(faces)
    their_cost = statistics.median(their_times) / len(expected)
    print(f"ROAD  ours             {1e3 * our_cost:8.1f} ms/face")
    print(f"ROAD  pytorch-grad-cam {1e3 * their_cost:8.1f} ms/face")
    difference = np.abs(found[few] - expected).max()
    print(f"ratio {their_cost / our_cost:.1f}; largest difference {difference:.3f} (noise differs)")


def _of_grad_cam(classifier: object, x: np.ndarray, ranks: np.ndarray, target: np.ndarray) -> Job:
    """The metric of pytorch-grad-cam with the same weights, faces and order of pixels."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam.metrics.road import ROADCombined
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
    from tests.equivalence.torch_models import make_reference

    config = classifier.config
    network = make_reference(
        config.model.name, width=config.model.width, image_size=config.data.image_size
    )
    state = to_torch(config.model.name, classifier.variables)
    network.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    network.eval()
    given = torch.from_numpy(np.moveaxis(x, -1, 1).copy())
    order = np.float32(1 - (ranks + 0.5) / SIDE**2)
    targets = [ClassifierOutputSoftmaxTarget(int(one)) for one in target]
    metric = ROADCombined()
    return lambda: np.asarray(metric(given, order, targets, network))


def _in_turns(
    one: Job, other: Job, arguments: argparse.Namespace
) -> tuple[list[float], list[float], np.ndarray, np.ndarray]:
    """Times of both, which take turns, and what they gave; the first call of `one` compiles."""
    one()
    clock = CLOCKS[arguments.clock]
    times: tuple[list[float], list[float]] = ([], [])
    results = [np.zeros(0), np.zeros(0)]
    for _ in range(arguments.repeats):
        for number, job in enumerate((one, other)):
            started = clock()
            results[number] = job()
            times[number].append(clock() - started)
    return *times, *results


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-faces", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--scipy-faces", type=int, default=4, help="of these, 18 solves each")
    parser.add_argument("--torch-faces", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--model", default="small")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--no-metric", action="store_true", help="the imputation alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
