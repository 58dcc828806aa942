"""Names are imported when they are first used: a single sound needs no torch, a shape no SciPy.

Held by what is in `sys.modules` of a fresh process, never by a clock.
"""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import kac_prediction

PACKAGES = (
    "architecture",
    "dataset",
    "evaluation",
    "exporting",
    "geometry",
    "listening",
    "orchestration",
    "physics",
    "pipeline",
    "plot",
    "routines",
    "samplers",
)
HEAVY = "torch scipy.signal scipy.stats matplotlib pydantic wandb dask distributed joblib pooch"


def run_without(modules: str, program: str) -> None:
    """Run a program in a fresh process, which none of these modules may have come to."""
    check = (
        f"import sys; found = {set(modules.split())} & sys.modules.keys(); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", f"{program}\n{check}"], check=True)


def test_a_single_sound_needs_no_torch(tmp_path: Path) -> None:
    samplers = (
        "BesselModel(0.01, 8000)",
        "PoissonModel(0.01, 8000)",
        "LaméModel(0.01, 8000)",
        "FDTDModel(0.01, 8000, 'ConvexPolygon')",
        "MixedModel(0.01, 8000)",
        "TestTone(0.01, 8000)",
        "TestSweep(0.01, 8000)",
    )
    run_without(
        HEAVY,
        "from kac_prediction.samplers import *\n"
        f"for sound in ({', '.join(samplers)}):\n"
        "    sound.updateProperties(0)\n"
        "    sound.generateWaveform()\n"
        "    sound.getLabels(), sound.render([1, 2])\n"
        f"    sound.export({str(tmp_path / 'sound.wav')!r})",
    )


def test_packages_load_nothing_before_a_name_is_used() -> None:
    imports = "\n".join(f"import kac_prediction.{package}" for package in PACKAGES)
    run_without(f"{HEAVY} scipy shapely soundfile tqdm", imports)
    run_without(f"{HEAVY} numpy scipy shapely lazy_loader", "import kac_prediction")
    run_without(HEAVY, "import kac_prediction as kac\ndir(kac), kac.BesselModel(0.01, 8000)")


def test_the_package_has_the_public_names_of_all() -> None:
    modules = [importlib.import_module(f"kac_prediction.{package}") for package in PACKAGES]
    names = [name for module in modules for name in module.__all__]
    assert len({*names, *PACKAGES}) == len(names) + len(PACKAGES)  # none is of two
    assert {*names, *PACKAGES, "__version__"} == set(dir(kac_prediction))
    for module in modules:
        for name in module.__all__:
            assert getattr(kac_prediction, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="has no attribute 'Drumm'"):
        _ = kac_prediction.Drumm


def test_help_needs_nothing_heavy() -> None:
    from kac_prediction.cli import main

    commands = ((), *((name,) for name in main.commands))
    run_without(
        HEAVY,
        "import sys\n"
        "from kac_prediction.cli import main\n"
        f"for command in {commands}:\n"
        "    try: main([*command, '--help'])\n"
        "    except SystemExit as done: assert done.code == 0, command\n"
        f"    found = {set(HEAVY.split())} & sys.modules.keys()\n"
        "    assert not found, (command, found)",
    )


def test_frequencies_and_modes_need_no_torch() -> None:
    run_without(
        "torch",
        "from kac_prediction.geometry import Circle\n"
        "from kac_prediction.physics import eigenfrequencies, modes\n"
        "eigenfrequencies(Circle(1.0), 2, 0.2, method='grid', sample_rate=8000)\n"
        "modes(Circle(1.0), 2), eigenfrequencies(Circle(1.0), 2)",
    )


def test_the_base_of_samplers_needs_no_torch() -> None:
    modules = ("sampler", "rendering", "representation_settings")
    imports = "\n".join(f"import kac_prediction.dataset.{module}" for module in modules)
    run_without(f"{HEAVY} scipy soundfile", imports)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_found(package: str) -> None:
    found: dict[str, object] = {}
    exec(f"from kac_prediction.{package} import *", found)  # a star imports what __all__ lists
    module = importlib.import_module(f"kac_prediction.{package}")
    assert {name for name in found if name != "__builtins__"} == set(module.__all__)
    assert set(module.__all__) <= set(dir(module))
    assert not any(type(value) is type(sys) for value in found.values())
    with pytest.raises(AttributeError, match=f"kac_prediction.{package} attribute Drumm"):
        _ = module.Drumm


def test_no_import_of_a_module_hides_a_name() -> None:
    checks = []
    for package in PACKAGES:
        module = importlib.import_module(f"kac_prediction.{package}")
        both = {each.name for each in pkgutil.iter_modules(module.__path__)} & set(module.__all__)
        checks.append(f"import kac_prediction.{package} as it; assert {both} <= {{*vars(it)}}, it")
    subprocess.run([sys.executable, "-c", "\n".join(checks)], check=True)
