"""What a dataset is of, as arguments: to be made, being made, or there already."""

from typing import Any

from .. import __version__, _core
from .representation import RepresentationSettings
from .sampler import AudioSampler
from .storage import Header
from .storage.metadata import plain_settings


def make_plan(
    sampler: AudioSampler,
    dataset_size: int,
    representation_settings: RepresentationSettings,
    seed: int | None,
    shard_size: int | None,
) -> dict[str, Any]:
    """What is to be generated, in the words of the header."""
    return {
        "dataset_size": dataset_size,
        "representation_settings": dict(representation_settings),
        "sampler": {"name": type(sampler).__name__, "version": __version__},
        "sampler_settings": plain_settings(sampler.settings),
        "seed": seed,
        "instruction_set": _core.instruction_set(),
        "shard_size": shard_size,
    }


def plan_of(header: Header, plan: dict[str, Any]) -> dict[str, Any]:
    """What a finished dataset is of; which machine rendered it does not matter any more."""
    made = {key: getattr(header, key) for key in plan}
    return made | {"instruction_set": plan["instruction_set"]}


def difference(plan: dict[str, Any], other: dict[str, Any]) -> str:
    """Which arguments differ, as a message says it."""
    return ", ".join(
        f"{key}: {other[key]!r} there, {plan[key]!r} asked for" for key in differing(plan, other)
    )


def differing(plan: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Which arguments differ, by name; a seed that was not given is that of the other."""
    names = [
        key
        for key, value in plan.items()
        if value != other.get(key) and not (key == "seed" and value is None)
    ]
    ours, theirs = plan["sampler"], other["sampler"]
    alike = ours["name"] == theirs["name"] and sound_alike(ours["version"], theirs["version"])
    if "sampler" in names and alike:
        names.remove("sampler")
    return names


def sound_alike(version: str, other: str) -> bool:
    """Do these versions of the package make the same sounds? Their first number moves if not."""
    return version.split(".")[0] == other.split(".")[0]
