"""Datasets of kac_drumset (up to version 2): their text formats, and the scale of their labels."""

from .convert import convert_dataset, is_legacy, legacy_header, legacy_samples, sampler_info
from .label_scales import current_labels, legacy_scale

__all__ = [
    "convert_dataset",
    "current_labels",
    "is_legacy",
    "legacy_header",
    "legacy_samples",
    "legacy_scale",
    "sampler_info",
]
