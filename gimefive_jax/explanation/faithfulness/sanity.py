"""Whether maps depend on what the network has learned, and on the category that they explain."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree, Shaped

from gimefive_jax.errors import InputError
from gimefive_jax.explanation.calls import Call, Network, as_network, visited
from gimefive_jax.explanation.constants import own_arrays
from gimefive_jax.explanation.faithfulness.maps import HeatMaps, MapFunction, MapKey, PerMap
from gimefive_jax.explanation.faithfulness.similarity import Similarity, similarity, spearman
from gimefive_jax.inference import Driver
from gimefive_jax.structs import AnyArray

_PATH_SEPARATOR = "/"


@dataclasses.dataclass(frozen=True)
class Randomised:
    """A network from whose head down to `layer` all layers were initialised anew."""

    layer: str
    """Name of the last layer that was; a norm behind it belongs to it."""
    variables: PyTree


@dataclasses.dataclass(frozen=True)
class RandomisedMaps:
    """How like those of the trained network the maps of a randomised one are."""

    layer: str
    similarities: Mapping[MapKey, Similarity]
    """By method and layer; a value per face."""


def weight_layers(
    model: nn.Module | Network,
    variables: PyTree,
    x: PyTree,
    *,
    call: Mapping[str, object] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Lists the layers with weights from the head down, each with the norms that follow it.

    Args:
      model: A Linen module, or a function `(variables, x) -> logits` of some.
      variables: Of the model, or their shapes.
      x: Its input, `[batch, height, width, channel]`, or the shape of it.
      call: Further keywords of the model's call, such as `{"train": False}`.

    Returns:
      Names of modules by the name of the one with the weights. A module that is called several
      times counts where it is called last.
    """
    has_weights: dict[str, bool] = {}

    def note(call: Call, output: object) -> object:
        path, own = _PATH_SEPARATOR.join(call.module.path), own_arrays(call.module)
        if path and own:
            has_weights.pop(path, None)
            has_weights[path] = any(array.ndim > 1 for array in own.values())
        return output

    jax.eval_shape(visited(as_network(model, call), note), variables, x)
    groups: list[list[str]] = []
    before: list[str] = []
    for path, weighs in has_weights.items():
        if weighs:
            # What lies below the first weights is randomised with them, after them.
            groups.append([path, *(before if not groups else [])])
        else:
            (groups[-1] if groups else before).append(path)
    return {group[0]: tuple(group) for group in reversed(groups)}


def randomised(
    model: nn.Module | Network,
    variables: PyTree,
    x: PyTree,
    *,
    call: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Iterator[Randomised]:
    """Initialises the layers of a network anew one after the other, from the head down.

    Args:
      model: A Linen module, whose own `init` draws the weights and sets the statistics of norms.
      variables: Of the trained model.
      x: Its input, `[batch, height, width, channel]`, or the shape of it.
      call: Further keywords of the model's call, such as `{"train": False}`.
      seed: Seed of the new weights.

    Yields:
      The network after each layer with weights; of the last one nothing trained is left.

    Raises:
      InputError: The model is no Linen module, or its `init` gives other variables.

    References:
      Adebayo et al., 2018, https://arxiv.org/abs/1810.03292

    Example:
      >>> class Net(nn.Module):
      ...     @nn.compact
      ...     def __call__(self, x):
      ...         x = nn.relu(nn.Conv(2, (3, 3), name="conv")(x))
      ...         return nn.Dense(2, name="head")(x.mean((1, 2)))
      >>> x = jnp.ones((1, 8, 8, 1))
      >>> variables = Net().init(jax.random.key(1), x)
      >>> [stage.layer for stage in randomised(Net(), variables, x)]
      ['head', 'conv']
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"{model!r} has no init to draw new weights with; give a Linen module")
    layers = weight_layers(model, variables, x, call=call)
    init = functools.partial(model.init, **dict[str, Any](call or {}))
    fresh = _by_name(jax.jit(init)(jax.random.key(seed), jnp.zeros(x.shape, x.dtype)))
    names = _by_name(variables)
    for name, leaf in names.items():
        if name not in fresh or fresh[name].shape != leaf.shape:
            raise InputError(f"the model's init gives no {name} of shape {list(leaf.shape)}")
    gone: set[str] = set()
    for number, (layer, modules) in enumerate(layers.items(), 1):
        gone.update(modules)
        # What belongs to no layer, such as parameters of the model itself, goes with the last one.
        everything = number == len(layers)
        chosen = [
            fresh[name].astype(leaf.dtype) if everything or _owner(name) in gone else leaf
            for name, leaf in names.items()
        ]
        yield Randomised(layer, jax.tree.unflatten(jax.tree.structure(variables), chosen))


def randomisation_test(
    maps: Callable[..., HeatMaps],
    variables: PyTree,
    stages: Iterable[Randomised],
    faces: Shaped[AnyArray, "face height width channel"],
    target: Int[np.ndarray, " face"],
    *,
    driver: Driver,
) -> list[RandomisedMaps]:
    """Compares the maps of a network with those after each of its layers is initialised anew.

    Maps that stay alike show the face rather than what was learned.

    Args:
      maps: `(variables, faces, target) -> maps` by method and layer; see `maps_of`, and
        `inference.on_pixels` for a function of uint8 faces.
      variables: Of the trained network.
      stages: As `randomised` gives them.
      faces: What `maps` takes.
      target: Label of each face that is explained all the way, usually the trained network's.
      driver: Runs the maps; one program serves all stages.

    Returns:
      First the similarity with the trained network's map of the next face, under the name
      `another face`: what two maps have in common whatever the face. Then that of each stage.
    """

    def compared(
        variables: PyTree, faces: Array, target: Array, *trained: Array
    ) -> Mapping[MapKey, Similarity]:
        found = maps(variables, faces, target)
        return {
            key: similarity(one, other)
            for (key, one), other in zip(sorted(found.items()), trained, strict=True)
        }

    target = np.asarray(target, np.int32)
    known = driver.run(maps, variables, faces, target)
    others = {key: np.roll(one, -1, axis=0) for key, one in known.items()}
    floor = {key: jax.device_get(similarity(known[key], others[key])) for key in known}
    columns = [known[key] for key in sorted(known)]
    return [RandomisedMaps("another face", floor)] + [
        RandomisedMaps(stage.layer, driver.run(compared, stage.variables, faces, target, *columns))
        for stage in stages
    ]


def random_logit(maps: MapFunction, *, num_categories: int) -> Callable[..., PerMap]:
    """Gives a function that tells how like its maps of the other categories a category's map is.

    A map that is the same for all of them, as Eigen-CAM's, explains none.

    Args:
      maps: Gives the maps that are measured.
      num_categories: Logits of the network, at least 2. All are explained at once, so a batch of b
        faces takes the memory of b * num_categories.

    Returns:
      Pure `(variables, x, target)` with the mean rank correlation of the target's map and each
      other category's, by method and layer, `[batch]`, from -1 to 1.

    References:
      Sixt et al., 2020, https://arxiv.org/abs/1912.09818

    Example:
      >>> def same(variables, x, target):  # whatever the category
      ...     return {("same", "input"): x[..., 0]}
      >>> x = jnp.arange(8.0).reshape(1, 2, 4, 1)
      >>> measure = random_logit(same, num_categories=3)
      >>> round(float(measure(None, x, jnp.array([1]))["same", "input"][0]), 4)
      1.0
    """

    def measure(variables: PyTree, x: Array, target: Int[Array, " batch"]) -> PerMap:
        every = (target[:, None] + jnp.arange(num_categories)) % num_categories
        found = maps(variables, jnp.repeat(x, num_categories, axis=0), every.reshape(-1))
        return {
            key: category_correlation(one.reshape(len(x), num_categories, *one.shape[1:]))
            for key, one in found.items()
        }

    return measure


def category_correlation(heat_maps: Shaped[AnyArray, "batch category rows columns"]) -> Array:
    """Computes the mean rank correlation of each face's first map with its others.

    Args:
      heat_maps: Signed maps of at least 2 categories, the explained one first.

    Returns:
      From -1 to 1, `[batch]`.
    """
    others = range(1, heat_maps.shape[1])
    return jnp.stack([spearman(heat_maps[:, 0], heat_maps[:, k]) for k in others]).mean(0)


def _by_name(variables: PyTree) -> dict[str, Array]:
    leaves = jax.tree_util.tree_leaves_with_path(variables)
    return {
        jax.tree_util.keystr(path, simple=True, separator=_PATH_SEPARATOR): leaf
        for path, leaf in leaves
    }


def _owner(name: str) -> str:
    """Module of `COLLECTION/PATH/NAME`."""
    return _PATH_SEPARATOR.join(name.split(_PATH_SEPARATOR)[1:-1])
