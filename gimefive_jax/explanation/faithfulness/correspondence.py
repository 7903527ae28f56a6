"""Whether two methods name the same regions of a face."""

import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Float

from gimefive_jax.explanation.faithfulness.similarity import spearman
from gimefive_jax.structs import AnyArray


@flax.struct.dataclass
class ShareAgreement:
    """Rank correlations of two methods' shares, from -1 to 1; 0 where shares are all equal."""

    over_regions: Float[Array, " face"]
    """Of a face's regions: whether both methods put the most mass on the same ones."""
    over_faces: Float[Array, " region"]
    """Of all faces, region by region: whether both find it important in the same faces."""


def share_agreement(
    shares: Float[AnyArray, "face region"], others: Float[AnyArray, "face region"]
) -> ShareAgreement:
    """Compares which regions two methods put their mass on.

    A cell of a deep layer sees far more of the face than it covers, so its place need not be the
    place of the evidence. Occlusion and integrated gradients explain pixels; where a class
    activation map's shares rank the regions as theirs do, its cells can be read as places.

    Args:
      shares: Mass shares of one method, as `mass_on` gives them for each region. Faces without
        landmarks are left out.
      others: Those of another method on the same faces, in the same order of regions.

    Returns:
      The agreement for each face and for each region.

    Example:
      >>> import numpy as np
      >>> shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
      >>> share_agreement(shares, shares[:, ::-1]).over_regions.tolist()
      [-1.0, -1.0]
    """
    one, two = jnp.asarray(shares), jnp.asarray(others)
    return ShareAgreement(over_regions=spearman(one, two), over_faces=spearman(one.T, two.T))
