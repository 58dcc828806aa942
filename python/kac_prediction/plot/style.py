"""Colours, frames and the figure that all pictures share."""

import io
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Of Okabe and Ito (2008): distinguishable by everybody, and by brightness too.
TRUE: Final = "#0072B2"
PREDICTED: Final = "#D55E00"
GREEN: Final = "#009E73"
INK: Final = "#333333"
MEMBRANE: Final = "#E8F1F8"


class Picture(Figure):
    """A figure of no window, which notebooks show as a picture, with or without pyplot."""

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG."""
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=100)
        return content.getvalue()


def finish(axes: Axes, title: str = "", x_label: str = "", y_label: str = "") -> None:
    """Give a panel its title, its labels and a quiet frame."""
    axes.set_title(title, fontsize=12, color=INK)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
