"""The one thing that geometry makes and the brush takes: a row of points."""

import numpy as np
from jaxtyping import Float

# The underscore: curves that meet in one function need not be equally long.
Curve = Float[np.ndarray, "_points 2"]
