"""Command lines that are wrong: each is refused in one sentence, before anything is written."""

import gc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from kac_prediction.cli import main
from kac_prediction.dataset import generateDataset
from kac_prediction.orchestration import Drum, Score, Strike
from kac_prediction.samplers import BesselModel

DATASET = "5000-circular-drums-of-varying-size"

# The command line, its status, and what its one sentence says: the place, the value, the remedy.
WRONG = [
    # the command itself
    ("lisen a.wav", 2, "No such command 'lisen'"),
    ("--verbose", 2, "No such option"),
    # listen, deploy
    ("listen", 2, "Missing argument 'FILE|DIR...'"),
    ("listen missing.wav", 1, "there is no sound file 'missing.wav'"),
    ("listen empty", 1, "empty holds no sound (.aif, "),
    ("listen text.wav", 1, "text.wav cannot be read as a sound: "),
    ("listen a.wav --model missing.pt", 1, "there is no checkpoint 'missing.pt'"),
    ("listen a.wav --model text.wav", 1, "text.wav is not a checkpoint that can be read"),
    (
        "listen a.wav --model http://example.org/x.pt",
        1,
        "give its https address, or the file's sha",
    ),
    ("listen a.wav --model empty", 1, "there is no checkpoint in empty: it holds no file"),
    ("listen a.wav --wave-speed 0", 2, "'--wave-speed': 0.0 is not in the range x>0"),
    ("listen a.wav --wave-speed fast", 2, "'--wave-speed': 'fast' is not a valid float"),
    ("listen a.wav --size -1", 2, "'--size': -1.0 is not in the range x>0"),
    ("listen a.wav --size 1 --wave-speed 9", 2, "--wave-speed and --size: give one"),
    ("listen a.wav --out text.wav", 2, "'--out': Directory 'text.wav' is a file"),
    ("listen a.wav --csv empty", 2, "'--csv': File 'empty' is a directory"),
    ("listen a.wav --plott", 2, "--plott"),
    ("listen data", 1, "data is a dataset, where nothing else may be: give --out or"),
    ("listen data/sample_00000.wav --plot", 1, "data is a dataset"),
    ("deploy", 2, "Missing argument 'MODEL'"),
    ("deploy any-drum", 2, "Missing argument 'FILE|DIR...'"),
    # orchestrate, arrange
    ("orchestrate", 2, "Missing argument 'TARGET'"),
    ("orchestrate a.wav", 2, "Missing option '--out'"),
    ("orchestrate missing.wav --out new", 1, "there is no sound file 'missing.wav'"),
    ("orchestrate text.wav --out new", 1, "text.wav cannot be read as a sound: "),
    ("orchestrate empty --out new", 1, "there is no sound file 'empty'"),
    ("orchestrate a.wav --out text.wav", 2, "'--out': Directory 'text.wav' is a file"),
    ("orchestrate a.wav --out text.wav/new", 1, "Not a directory (writing a score)"),
    ("orchestrate a.wav --out data", 1, "data is a dataset, where nothing else may be: name"),
    ("orchestrate a.wav --out new --drums 0", 2, "'--drums': 0 is not in the range x>=1"),
    ("orchestrate a.wav --out new --kit missing", 2, "'--kit': File 'missing' does not exist"),
    ("orchestrate a.wav --out new --kit a.wav", 1, "a.wav: 'utf-8' codec can't decode"),
    ("orchestrate a.wav --out new --kit text.wav", 1, "text.wav: this is not the JSON of a Kit"),
    ("orchestrate a.wav --out new --kit none.json", 1, "a kit must have a drum or more, got none"),
    ("orchestrate a.wav --out new --kit none.json --family star", 2, "--kit and --family: give"),
    ("orchestrate a.wav --out new --family sta", 2, "there is no 'sta': did you mean star?"),
    ("orchestrate a.wav --out new --size 0.1,1", 2, "--size and --aspect-ratio go with --family"),
    ("orchestrate a.wav --out new --family star --size 0", 1, "drum_size must be above 0 m"),
    ("orchestrate a.wav --out new --wave-speed 0", 2, "'--wave-speed': 0.0 is not in the range"),
    ("orchestrate a.wav --out new --seed -1", 2, "'--seed': -1 is not in the range x>=0"),
    ("arrange", 2, "Missing argument 'SCORE'"),
    ("arrange none.json --out new", 1, "none.json: this is not the JSON of a Score: "),
    ("arrange score.json --out .", 1, "score.json would be replaced: name another folder"),
    ("arrange score.json --out new --transpose high", 2, "'--transpose': 'high' is not a valid"),
    ("arrange score.json --out new --transpose 999", 1, "semitones must be"),
    ("arrange score.json --out new --stretch 0", 1, "factor must be above 0, got 0"),
    ("arrange score.json --out new --quantise 1,2,3", 2, "'1,2,3' is not as in 0.125, or 120,4"),
    ("arrange score.json --out new --quantise 0", 1, "grid must be above 0, got 0"),
    ("arrange score.json --out new --most-drums 0", 2, "'--most-drums': 0 is not in the range"),
    ("arrange score.json --out new --least-level -1", 1, "least_level must be at least 0, got -1"),
    ("arrange score.json --out new --sample-rate 0", 1, "sample_rate must be at least 1, got 0"),
    ("arrange score.json --out new --sample-rate 50", 1, "below half the sample rate"),
    # synthesise
    ("synthesise", 2, "Missing argument 'DRUM'"),
    ("synthesise circel", 2, "'DRUM': there is no 'circel': did you mean circle?"),
    ("synthesise 7", 2, "'DRUM': there is no '7': choose from circle, rectangle, "),
    ("synthesise circle --size 0", 1, "drum_size must be above 0 metres, got 0"),
    ("synthesise circle --size 1,2,3", 2, "'--size': '1,2,3' is not as in 0.3, or 0.1,1"),
    ("synthesise circle --size big", 2, "'--size': 'big' is not as in 0.3, or 0.1,1"),
    ("synthesise circle --duration 0", 1, "duration must be above 0, got 0"),
    ("synthesise circle --aspect-ratio 2", 2, "circle takes no --aspect-ratio: it takes duration"),
    ("synthesise tone --size 1", 2, "tone takes no --size: it takes duration, sample_rate, "),
    ("synthesise circle --set tensoin=1", 2, "no 'tensoin': did you mean tension?"),
    ("synthesise circle --set tension", 2, "'--set': 'tension' must be KEY=VALUE"),
    ("synthesise circle --set tension=-1", 1, "tension must be above 0, got -1"),
    ("synthesise circle --set precision=half", 1, "precision must be one of double, single"),
    ("synthesise circle --sample-rate 0", 1, "sample_rate must be at least 1, got 0"),
    ("synthesise circle --sample-rate 48k", 2, "'--sample-rate': '48k' is not a valid integer"),
    ("synthesise circle --size 1e-6", 1, "take a larger drum_size, a lower tension or a higher"),
    ("synthesise circle --strike 2,0", 1, "strike_location must lie inside the drum, 0 <= r < 1"),
    (
        "synthesise circle --strike middle",
        2,
        "'--strike': 'middle' is not as in 0.3,0.5",
    ),
    ("synthesise circle --seed -1", 2, "'--seed': -1 is not in the range x>=0"),
    ("synthesise circle --bit-depth 8", 2, "'--bit-depth': '8' is not one of '16', '24', '32'"),
    ("synthesise circle --out drum.mp3", 2, "sounds are written as wav; name it drum.wav"),
    ("synthesise circle --out missing/drum.wav", 1, "No such file or directory"),
    ("synthesise circle --vertices 0,0", 2, "--vertices go with polygon, not with circle"),
    ("synthesise polygon --vertices 0,0,1", 2, "'0,0,1' is not as in '0,0 2,0 1,1'"),
    ("synthesise polygon --vertices 0,0", 1, "vertices"),
    ("synthesise FDTDModel", 2, "FDTDModel needs arbitrary_shape: give it by --set"),
    (
        "synthesise FDTDModel --set arbitrary_shape=Disc",
        1,
        "no shape is called 'Disc': choose from",
    ),
    ("synthesise BankModel --set bank=none.bank", 1, "none.bank: make one with ModeBank.make"),
    # info, verify, export-dataset
    ("info", 2, "Missing argument 'DIR|FILE|MODEL'"),
    ("info any-drums", 1, "there is no 'any-drums': name a dataset's directory, "),
    ("info text.wav", 1, "text.wav cannot be read as a sound"),
    ("verify missing", 2, "'DIRECTORY': Directory 'missing' does not exist"),
    ("verify empty", 1, "empty"),
    ("export-dataset data data/within", 1, "is in the dataset itself: name a directory elsewhere"),
    ("export-dataset data out --layout zip", 2, "'--layout': 'zip' is not one of 'audiofolder'"),
    ("export-dataset data out --shard-size 0", 2, "'--shard-size': 0 is not in the range x>=1"),
    # export-model
    ("export-model any-drum model.pt", 1, "path must end in .onnx, got 'model.pt'"),
    ("export-model missing model.onnx", 1, "there is no checkpoint 'missing'"),
    ("export-model any-drum new/model.onnx", 1, "there is no folder new to put model.onnx in"),
    # generate, transform
    ("generate circle", 2, "Missing argument 'DIRECTORY'"),
    ("generate ellipse new --aspect-ratio 1,2", 2, "--aspect-ratio of an ellipse is one number"),
    ("generate circle new --sounds 0", 1, "dataset_size must be at least 1, got 0"),
    ("generate circle new --sounds many", 2, "'--sounds': 'many' is not a valid integer"),
    ("generate circle new --seed -1", 1, "seed must be at least 0, got -1"),
    ("generate circle new --workers 0", 2, "'--workers': 0 is not in the range x>=1"),
    ("generate circle new --shard-size 0", 1, "shard_size must be at least 1, got 0"),
    ("generate circle new --size 1,0.1", 1, "a pair (low, high) with low <= high, got"),
    ("generate circle new --set sise=1", 2, "circle takes no 'sise'"),
    ("generate circle new --representation mel", 2, "'--representation': 'mel' must be KEY=VALUE"),
    ("generate circle new --representation n_mel=4", 1, "'n_mel'; there are f_max"),
    ("generate circle data --keep", 1, "name another directory, or leave out --keep"),
    (
        "generate circle empty/../..",
        1,
        "which is no file of a whole dataset: nothing was changed; name another",
    ),
    ("transform data", 2, "Missing argument"),
    ("transform data bark", 2, "'bark' is not one of 'end2end', 'fft', 'mel'"),
    ("transform data mel --set n_mels=0", 1, "n_mels must be at least 1, got 0"),
    (
        "transform data fft --set n_bins=512",
        1,
        "a sound of 80 samples is too short to be reflected",
    ),
    ("transform empty mel", 1, "empty"),
    # plot
    ("plot hexagon", 2, "No such command 'hexagon'"),
    ("plot shape", 2, "Missing argument 'DRUM'"),
    ("plot shape string", 2, "string has no shape that could be drawn: take circle, star"),
    (
        "plot shape circle --out circle.gif",
        2,
        "circle.gif is no picture: end it in .png, .svg, .pdf",
    ),
    ("plot shape circle --out missing/circle.png", 1, "No such file or directory"),
    ("plot modes circle --count 0", 2, "'--count': 0 is not in the range 1<=x<=200"),
    ("plot spectrum missing.wav", 1, "there is no sound file 'missing.wav'"),
    ("plot spectrum silent.wav --no-listen", 1, "silent.wav: the sound is silent"),
    ("listen silent.wav", 1, "silent.wav: the sound is silent"),
    ("plot spectrum text.wav", 1, "text.wav cannot be read as a sound"),
    ("plot dataset empty", 1, "empty"),
    # report
    ("report", 2, "Missing argument 'DIR|FILE...'"),
    ("report missing", 1, "there is no 'missing': name a dataset's directory, "),
    ("report empty", 1, "empty holds no sound"),
    ("report data --out empty", 2, "'--out': File 'empty' is a directory"),
    ("report data --out missing/page.html", 1, "No such file or directory"),
    # install
    ("install 5000-circular-drums", 2, f"did you mean {DATASET}?"),
    (f"install {DATASET} --size 3", 2, "--size goes with --generate"),
    (f"install {DATASET} --generate --md5 0", 2, "--md5 goes without --generate"),
    (f"install {DATASET} --generate --size 0", 1, "dataset_size must be at least 1, got 0"),
    (f"install {DATASET} --from missing.zip", 1, "missing.zip"),
    # train
    ("train hexagon", 2, "AnyDrum, or the directory of a dataset (see "),
    ("train datta/drums", 2, "'[ROUTINE|DIRECTORY]': there is no 'datta/drums': "),
    ("train circle --label drum_size", 2, "--label goes with the directory of a dataset, not with"),
    ("train data --stream", 2, "--stream goes with a ROUTINE, not with a dataset of your own"),
    ("train data --label drum_siz", 1, "did you mean drum_size?"),
    ("train data --label drum_size", 1, "run kac-prediction transform with end2end --set normal"),
    ("train empty", 1, "empty holds no dataset (metadata.json); make one with kac-prediction"),
    ("train circle --config missing.yaml", 2, "'--config': File 'missing.yaml' does not exist"),
    ("train circle --resume missing", 2, "'--resume': Path 'missing' does not exist"),
    ("train circle --epochs -1", 1, "num_of_epochs in the overrides must be at least 0, got -1"),
    ("train circle --epochs few", 2, "'--epochs': 'few' is not a valid integer"),
    ("train circle --set epochs=3", 1, "epochs in the overrides is not a parameter of this model"),
    ("train circle --set testing=1", 1, "testing in the overrides must be True or False, got 1"),
    ("train circle --set depth=huge", 1, "depth must be one of"),
    ("train circle --device gpu", 1, "there is no device 'gpu' here, but cpu"),
    # doctor
    ("doctor now", 2, "Got unexpected extra argument (now)"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound, a text, an empty folder, a dataset and a score."""
    place = tmp_path_factory.mktemp("place")
    generateDataset(BesselModel, {"duration": 0.01, "sample_rate": 8000}, str(place / "data"), 2)
    (place / "text.wav").write_text("no sound, but long enough that it could be one")
    (place / "a.wav").write_bytes((place / "data" / "sample_00000.wav").read_bytes())
    soundfile.write(place / "silent.wav", np.zeros(800), 8000)
    (place / "empty").mkdir()
    (place / "none.json").write_text('{"format": 1, "drums": []}')
    Score([Drum("circle", 0.3)], [Strike(0, 0, (0.1, 0.0), 1.0, 0.1)], 0.1).write(
        place / "score.json"
    )
    return place


@pytest.mark.parametrize(("line", "status", "said"), WRONG, ids=[line for line, *_ in WRONG])
def test_a_wrong_command_line_is_refused(
    line: str, status: int, said: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    result = CliRunner().invoke(main, line.split())
    assert said in result.stderr
    assert result.exit_code == status
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    if status == 2:
        assert result.stderr.endswith("--help)\n")
    if "train" in line:  # an empty folder goes with its run
        del result
        gc.collect()
    assert sorted(place.rglob("*")) == before
