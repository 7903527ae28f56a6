"""What the charts of an evaluation share: colours that colour-blind readers tell apart."""

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

# Okabe and Ito's; every series has a marker or a dash of its own as well.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6B7280"


def in_percent(axes: Axes, *names: str) -> None:
    """Writes the numbers of axes as percent, over a faint grid.

    Args:
      axes: The plot.
      *names: `x`, `y` or both.
    """
    for name in names:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
