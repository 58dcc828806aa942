"""What a dataset shows of itself: a line, its labels with their ranges, and its first sounds."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .. import _html
from .._checks import MALFORMED
from .labels import LabelTable, are_labels
from .storage import DatasetDirectory

if TYPE_CHECKING:
    from .torch_dataset import TorchDataset

_SOUNDS: Final = 3  # that can be played, the first


def described(dataset: "TorchDataset") -> str:
    """Return size, sampler, representation and directory in one line."""
    whole = len(dataset) if dataset._header is None else dataset._header.dataset_size
    of = f" of {whole}" if whole > len(dataset) else ""
    output = dataset.representation_settings.get("output_type", "data")
    return (
        f"TorchDataset({len(dataset)}{of} samples of {dataset.sampler['name']}, {output} of shape "
        f"{tuple(dataset._data[0].shape[1:])}, {dataset.dataset_dir!r})"
    )


def shown(dataset: "TorchDataset") -> str:
    """Return labels, settings and players of the first sounds, as HTML."""
    pieces = [_html.table(dataset.sampler_settings.items(), ("sampler", "settings"))]
    labels: Any = dataset._table if dataset._y is None else dataset._y
    if isinstance(labels, LabelTable) or are_labels(labels):
        header = ("label", "numbers", "from", "to", "without")
        pieces.insert(0, _html.table(_ranges(LabelTable.of(labels)), header))
    return _html.block(described(dataset), *pieces, *_players(dataset))


def _ranges(table: LabelTable) -> list[tuple[Any, ...]]:
    """Return of each label how many numbers it has, their range, and how many samples lack it."""
    rows = []
    for name, column in table.columns.items():
        numbers, sizes = column.numpy(), table.sizes[name]
        known = numbers[~np.isnan(numbers)]
        ends = (f"{known.min():.4g}", f"{known.max():.4g}") if known.size else ("", "")
        least, most = sizes[sizes >= 0].min(initial=numbers.shape[1]), sizes.max(initial=0)
        count = f"{most}" if least == most else f"{least} to {most}"
        rows.append((name, count, *ends, int((sizes < 0).sum())))
    return rows


def _players(dataset: "TorchDataset") -> list[str]:
    """Return players of the first sounds on the disk; none where they cannot be read."""
    header, players = dataset._header, list[str]()
    if header is None:
        return players
    for i in dataset._rows[:_SOUNDS]:
        try:
            (sound,) = DatasetDirectory(dataset.dataset_dir).sounds([int(i)], 1)
        except (OSError, *MALFORMED):
            break
        name, longest = f"sample {i}", _html.LONGEST // _SOUNDS
        players.append(_html.player(sound, header.sample_rate, name, longest))
    return players
