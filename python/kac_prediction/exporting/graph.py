"""The whole way from a sound to numbers in their units, as a module of torch."""

import copy
import math
from typing import Final

import torch

from ..geometry.families import REGULAR
from ..geometry.radii import RADII, directions
from ..listening.network import FARTHEST, NUMBERS, check_model, outline_of_family
from ..listening.predicted_labels import input_of
from ..pipeline import Model
from ..pipeline.amplitudes import aligned, normalised
from ..pipeline.model_input import LOG_SPREADS
from ..samplers import ModeBank

FAMILIES: Final = ModeBank.families


class Graph(torch.nn.Module):
    """A model between its input's normalisation and its outputs' units, on the CPU, in float32.

    It runs a copy in eval mode: the model stays as it is.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model_input = input_of(model)
        self.model = copy.deepcopy(model).float().cpu().eval()
        waves = self.model_input.representation is None
        self.align_polarity = self.model_input.align_polarity and waves
        self.normalise = self.model_input.normalise and waves

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what inputs, shape (n, ...), are, by name.

        Of a number its label, shape (n,), or (n, numbers) where it is several; of a class
        `LABEL_probabilities`, shape (n, classes); of a spread `LABEL_spread`, shape (n,), the scale
        of the Laplace distribution that the network predicts.
        """
        x = aligned(x) if self.align_polarity else x
        outputs = self.model(normalised(x) if self.normalise else x)
        return self.named(outputs.reshape(x.shape[0], -1))

    def named(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return a model's outputs in units, by name."""
        found, model_input = {}, self.model_input
        scales = dict(zip(model_input.labels, model_input.scales, strict=True))
        for label, column in model_input.split(outputs).items():
            if label in model_input.classes:
                found[f"{label}_probabilities"] = torch.softmax(column, dim=1)
                continue
            numbers = column.exp() if scales[label] == "log" else column
            found[label] = numbers if label in model_input.sizes else numbers[:, 0]
        for label, column in model_input.log_spreads(outputs).items():
            found[f"{label}_spread"] = column[:, 0].clamp(*LOG_SPREADS).exp()
        return found


class DrumGraph(Graph):
    """The same of a model that hears drums of all families, as `listen(refine=False)` answers.

    Its outputs are those of a `Prediction` at a wave speed of 100 m/s: `probabilities`, (n, 6), of
    `FAMILIES`; `score`, `drum_size`, `aspect_ratio`, `decay_time` and their spreads, (n,); and
    `outline`, (n, 64, 2), in metres.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.register_buffer("directions", torch.from_numpy(directions()).float())
        for family in REGULAR:
            outline = torch.from_numpy(outline_of_family(family, 1.0))
            self.register_buffer(family, outline.float())
        self.register_buffer("regular", torch.tensor([name in REGULAR for name in FAMILIES]))

    def named(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return a model's outputs as numbers of a `Prediction`, by name."""
        columns, model_input = self.model_input.split(outputs), self.model_input
        names = model_input.classes["family"]
        logits = columns["family"][:, [names.index(name) for name in FAMILIES]]
        nothing = columns["family"][:, [names.index("none")]]
        found = {
            "probabilities": torch.softmax(logits, dim=1),
            "score": torch.softmax(torch.cat([logits, nothing], 1), dim=1)[:, :-1].sum(1),
        }
        scales = dict(zip(model_input.labels, model_input.scales, strict=True))
        for label in NUMBERS:
            column = columns[label][:, 0]
            logarithm = column if scales[label] == "log" else column.clamp(min=1e-9).log()
            found[label] = logarithm.clamp(-FARTHEST, FARTHEST).exp()
        family = logits.argmax(dim=1)
        known = self.get_buffer("regular")[family]
        found["aspect_ratio"] = torch.where(known, 1.0, found["aspect_ratio"].clamp(min=1.0))
        for label, column in model_input.log_spreads(outputs).items():
            if label in NUMBERS:
                found[f"{label}_spread"] = column[:, 0].clamp(*LOG_SPREADS).exp()
        spread = found["aspect_ratio_spread"]
        found["aspect_ratio_spread"] = torch.where(known, torch.zeros_like(spread), spread)
        outline = self._outline(family, found["aspect_ratio"], columns["outline"])
        found["outline"] = found["drum_size"][:, None, None] * outline
        return found

    def _outline(
        self, family: torch.Tensor, ratio: torch.Tensor, radii: torch.Tensor
    ) -> torch.Tensor:
        """Return the outlines of drums of unit area, shape (n, 64, 2), as `listen` does."""
        directions = self.get_buffer("directions")
        half = torch.stack([ratio.sqrt(), ratio.rsqrt()], 1)[:, None]
        steep = directions.abs() / half  # 1 at the rim of an ellipse, and of its rectangle
        rims = {
            "ellipse": 1 / (math.sqrt(math.pi) * steep.square().sum(2).sqrt()),
            "rectangle": 1 / (2 * steep.amax(2)),
        }
        points = {name: rim[:, :, None] * directions for name, rim in rims.items()}
        for name in REGULAR:
            points[name] = self.get_buffer(name).expand(radii.shape[0], -1, -1)
        free = radii.clamp(-FARTHEST / 4, FARTHEST / 4).exp()[:, :, None] * directions
        points["polygon"] = points["star"] = _centred(free)
        every = torch.stack([points[name] for name in FAMILIES], 1)
        chosen = family[:, None, None, None].expand(-1, 1, RADII, 2)
        return every.gather(1, chosen)[:, 0]


def graph_of(model: Model) -> Graph:
    """Return the graph of a model, a DrumGraph where it hears drums of all families."""
    try:
        check_model(model)
    except ValueError:
        return Graph(model)
    return DrumGraph(model)


def _centred(points: torch.Tensor) -> torch.Tensor:
    """Scale and move polygons, shape (n, vertices, 2), to an area of 1 and a centroid of 0.

    By the shoelace formula; vertices are in counter-clockwise order.
    """
    following = points.roll(-1, dims=1)
    cross = points[..., 0] * following[..., 1] - points[..., 1] * following[..., 0]
    area = cross.sum(1)[:, None, None] / 2
    centroid = ((points + following) * cross[..., None]).sum(1, keepdim=True) / (6 * area)
    return (points - centroid) / area.sqrt()
