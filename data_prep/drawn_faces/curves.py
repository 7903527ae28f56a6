"""Curves: rows of points, made by the geometry and drawn by the brush."""

import numpy as np
from jaxtyping import Float

# The underscore: curves that meet in one function need not be equally long.
Curve = Float[np.ndarray, "_points 2"]
