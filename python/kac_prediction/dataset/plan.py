"""Plans: the arguments of a dataset that is to be made, is unfinished, or is there."""

from collections.abc import Mapping
from typing import Any

from .. import __version__, _core
from .representation import RepresentationSettings
from .sampler import AudioSampler
from .storage.metadata import plain_settings


def make_plan(
    sampler: AudioSampler,
    dataset_size: int,
    representation_settings: RepresentationSettings,
    seed: int | None,
    shard_size: int | None,
) -> dict[str, Any]:
    """Return what is to be generated, with the names of the header's fields."""
    return {
        "dataset_size": dataset_size,
        "representation_settings": dict(representation_settings),
        "sampler": {"name": type(sampler).__name__, "version": __version__},
        "sampler_settings": plain_settings(sampler.settings),
        "seed": seed,
        "instruction_set": _core.instruction_set(),
        "shard_size": shard_size,
    }


def differences(plan: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that differ from another plan's or a header's, each with a message.

    A seed that was not given fits any. The instruction set, which is no argument, is left out.
    """
    differing = {
        key: f"{key}: {other.get(key)!r} there, {value!r} asked for"
        for key, value in plan.items()
        if value != other.get(key)
        and key != "instruction_set"
        and not (key == "seed" and value is None)
    }
    ours, theirs = plan["sampler"], other["sampler"]
    if ours["name"] == theirs["name"] and sounds_alike(ours["version"], theirs["version"]):
        differing.pop("sampler", None)
    return differing


def sounds_alike(version: str, other: str) -> bool:
    """Return whether these versions of the package, alike in their first number, sound alike."""
    return version.split(".")[0] == other.split(".")[0]
