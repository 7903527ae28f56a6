"""What is known of each metric before it is measured: its question, direction, range and cost."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from gimefive_jax.explanation.faithfulness.curves import STEPS
from gimefive_jax.explanation.faithfulness.road import SHARES
from gimefive_jax.explanation.faithfulness.stability import Infidelity, MaxSensitivity

_ADEBAYO = "Adebayo et al., 2018, https://arxiv.org/abs/1810.03292"
_YEH = "Yeh et al., 2019, https://arxiv.org/abs/1901.09392"
_RISE = "Petsiuk, Das and Saenko, 2018, https://arxiv.org/abs/1806.07421"
_ROAD = "Rong et al., 2022, https://arxiv.org/abs/2202.00449"
_DROP = "Chattopadhay et al., 2018, https://arxiv.org/abs/1710.11063"
_ADCC = "Poppi et al., 2021, https://arxiv.org/abs/2104.10252"
_GINI = "Chalasani et al., 2020, https://arxiv.org/abs/1810.06583"
_ENTROPY = "Bhatt, Weller and Moura, 2020, https://arxiv.org/abs/2005.00631"


@dataclasses.dataclass(frozen=True)
class MetricFacts:
    """What to print beside a number."""

    title: str
    asks: str
    """The question that the number answers, as a sentence."""
    better: Literal["higher", "lower"]
    low: float
    """The least value that there can be."""
    high: float
    """The greatest value that there can be."""
    forwards: int
    """Passes of the network per face and map, beside the face's own prediction."""
    reference: str


METRIC_FACTS: Mapping[str, MetricFacts] = MappingProxyType(
    {
        "deletion": MetricFacts(
            "Deletion AUC",
            "How fast does the probability fall while the most relevant pixels are replaced by the "
            "mean face?",
            *("lower", 0.0, 1.0, STEPS, _RISE),
        ),
        "deletion_blurred": MetricFacts(
            "Deletion AUC, blurred",
            "How fast does the probability fall while the most relevant pixels are blurred?",
            *("lower", 0.0, 1.0, STEPS, _RISE),
        ),
        "insertion": MetricFacts(
            "Insertion AUC",
            "How fast does the probability rise while the most relevant pixels come back onto the "
            "blurred face?",
            *("higher", 0.0, 1.0, STEPS, _RISE),
        ),
        "road": MetricFacts(
            "ROAD, combined",
            "Does removing the least relevant pixels keep the probability that removing the most "
            "relevant ones takes away?",
            *("higher", -0.5, 0.5, 2 * len(SHARES), _ROAD),
        ),
        "road_morf": MetricFacts(
            "ROAD, most relevant first",
            "What probability is left where the most relevant pixels are imputed?",
            *("lower", 0.0, 1.0, len(SHARES), _ROAD),
        ),
        "road_lerf": MetricFacts(
            "ROAD, least relevant first",
            "What probability is left where the least relevant pixels are imputed?",
            *("higher", 0.0, 1.0, len(SHARES), _ROAD),
        ),
        "average_drop": MetricFacts(
            "Average drop",
            "Which share of the probability is lost where the face shows only through its map?",
            *("lower", 0.0, 1.0, 1, _DROP),
        ),
        "increase": MetricFacts(
            "Increase",
            "For which share of the faces is the masked face more certain than the face itself?",
            *("higher", 0.0, 1.0, 1, _DROP),
        ),
        "adcc": MetricFacts(
            "ADCC",
            "Is the map at once sufficient, small, and the same where the face is masked by it?",
            *("higher", 0.0, 1.0, 1, _ADCC),
        ),
        "coherency": MetricFacts(
            "Coherency",
            "Does the face masked by its map have the same map?",
            *("higher", 0.0, 1.0, 1, _ADCC),
        ),
        "complexity": MetricFacts(
            "Complexity",
            "How much of the face does the map over its maximum cover?",
            *("lower", 0.0, 1.0, 0, _ADCC),
        ),
        "gini": MetricFacts(
            "Gini sparseness",
            "How unequally is the map's mass spread over the pixels?",
            *("higher", 0.0, 1.0, 0, _GINI),
        ),
        "entropy": MetricFacts(
            "Entropy",
            "How evenly is the map's mass spread over the pixels, beside a uniform map?",
            *("lower", 0.0, 1.0, 0, _ENTROPY),
        ),
        "max_sensitivity": MetricFacts(
            "Max-sensitivity",
            "How far does the map move at most when the pixels change by up to 2 % of the range "
            "from black to white?",
            *("lower", 0.0, math.inf, MaxSensitivity.draws, _YEH),
        ),
        "infidelity": MetricFacts(
            "Infidelity",
            "Which part of the score's changes under noise does the map not foretell?",
            *("lower", 0.0, 1.0, Infidelity.draws, _YEH),
        ),
        "flip_consistency": MetricFacts(
            "Flip consistency",
            "Is the map of the mirrored face the mirrored map?",
            *("higher", -1.0, 1.0, 1, "Rank correlation: Spearman, 1904"),
        ),
    }
)
"""Of the results of `METRICS` by name, in the order in which tables show them."""
SANITY_FACTS: Mapping[str, MetricFacts] = MappingProxyType(
    {
        "randomisation_spearman": MetricFacts(
            "Randomisation, rank correlation",
            "How like the trained network's map, in the order of cells, does the map stay when "
            "layers are initialised anew?",
            *("lower", -1.0, 1.0, 1, _ADEBAYO),
        ),
        "randomisation_ssim": MetricFacts(
            "Randomisation, structural similarity",
            "How like the trained network's map, in structure, does the map stay when layers are "
            "initialised anew?",
            *("lower", -1.0, 1.0, 1, _ADEBAYO),
        ),
        "random_logit": MetricFacts(
            "Random logit",
            "How like the map of another category is the map of the explained one?",
            *(
                "lower",
                -1.0,
                1.0,
                1,
                "Sixt, Granz and Landgraf, 2020, https://arxiv.org/abs/1912.09818",
            ),
        ),
    }
)
"""Of the tests in `sanity`; `forwards` counts maps, per layer and per further category."""
MASS_FACTS: Mapping[str, MetricFacts] = MappingProxyType(
    {
        "mass_share": MetricFacts(
            "Mass share",
            "Which share of the map's positive mass lies on the mask?",
            *("higher", 0.0, 1.0, 0, "Wang et al., 2020, https://arxiv.org/abs/1910.01279"),
        ),
        "enrichment": MetricFacts(
            "Enrichment",
            "How many times more mass lies on the mask than a uniform map would put there?",
            *("higher", 0.0, math.inf, 0, ""),
        ),
        "pointing_game": MetricFacts(
            "Pointing game",
            "Does the strongest cell of the map lie on the mask?",
            *("higher", 0.0, 1.0, 0, "Zhang et al., 2016, https://arxiv.org/abs/1608.00507"),
        ),
    }
)
"""Of the functions in `mass`, for a map and a mask."""
