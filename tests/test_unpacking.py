"""Archives that mean no good, and those that do."""

import shutil
import stat
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from kac_prediction.pipeline.datasets.unpack import archive_limit, size_limit, unpack
from kac_prediction.samplers import BesselModel
from kac_prediction.samplers.published import PUBLISHED_DATASETS, PublishedDataset
from published import NAME, archive, content_of, unpacked, zipped

SMALL = PublishedDataset("circle", 5, BesselModel, {"duration": 0.01, "sample_rate": 800})
GOOD = {"metadata.json": b"{}", "sample_00000.wav": b"RIFF"}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def refused(path: Path, reason: str) -> None:
    """Nothing is unpacked of an archive, and the message says why."""
    out = path.with_name("out")
    with pytest.raises(ValueError, match=reason) as caught:
        unpack(path, out, SMALL)
    assert str(path) in str(caught.value)
    assert not out.exists()


def refusal(path: Path, out: Path) -> str:
    """Why an archive is not unpacked; '': it is."""
    try:
        unpack(path, out, SMALL)
    except ValueError as error:
        return str(error)
    return ""


def with_member(path: Path, member: zipfile.ZipInfo, content: bytes = b"x") -> Path:
    zipped(path, GOOD)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(member, content)
    return path


def with_bytes(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


@pytest.mark.parametrize("prefix", ["", "odd/place/", f"{NAME}/data/", "./"])
def test_the_dataset_is_found_wherever_it_lies(prefix: str, tmp_path: Path) -> None:
    members = {f"{prefix}{name}": content for name, content in GOOD.items()}
    unpack(zipped(tmp_path / "a.zip", members), tmp_path / "out", SMALL)
    assert names(tmp_path / "out") == set(GOOD)


def test_only_the_dataset_is_taken(tmp_path: Path) -> None:
    path = archive(tmp_path)
    unpack(path, tmp_path / "out", SMALL)
    held = content_of(path)
    assert names(tmp_path / "out") == {"metadata.json", *(f"sample_{i:05d}.wav" for i in range(5))}
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == held[f"{NAME}/data/{file.name}"]
        assert stat.S_ISREG(file.lstat().st_mode)


@pytest.mark.parametrize(
    "evil",
    [
        "../evil.wav",
        "/evil.wav",
        "a/../../evil.wav",
        "C:/evil.wav",
        "C:evil.wav",
        "a\\..\\evil.wav",
        "//server/share/evil.wav",
        "../",
    ],
)
def test_paths_that_lead_out_are_refused(evil: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {**GOOD, evil: b"" if evil.endswith("/") else b"x"})
    refused(path, "leads elsewhere: nothing was unpacked")
    assert names(tmp_path) == {"a.zip"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
@pytest.mark.parametrize("name", ["sample_00001.wav", "elsewhere/link"])
def test_links_and_devices_are_refused(kind: int, name: str, tmp_path: Path) -> None:
    link = zipfile.ZipInfo(name)
    link.create_system = 3
    link.external_attr = (kind | 0o777) << 16
    refused(with_member(tmp_path / "a.zip", link, b"/etc/passwd"), "a link or a path")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "twice", ["sample_00000.wav", "SAMPLE_00000.WAV", "Metadata.json", "./metadata.json"]
)
def test_a_member_that_is_there_twice_is_refused(twice: str, tmp_path: Path) -> None:
    path = with_member(tmp_path / "a.zip", zipfile.ZipInfo(twice))
    refused(path, "twice|holds 2")


def test_archives_without_a_dataset(tmp_path: Path) -> None:
    refused(zipped(tmp_path / "a.zip", {"x.wav": b""}), "holds 0")
    refused(zipped(tmp_path / "b.zip", {"a/metadata.json": b"", "b/metadata.json": b""}), "holds 2")
    (tmp_path / "c.zip").write_bytes(b"no zip")
    refused(tmp_path / "c.zip", r"c\.zip is not a whole zip")
    (tmp_path / "d.zip").touch()
    refused(tmp_path / "d.zip", "not a whole zip")


def test_a_declared_bomb(tmp_path: Path) -> None:
    bomb = {**GOOD, "metadata.json": bytes(size_limit(SMALL, "metadata.json") + 1)}
    refused(zipped(tmp_path / "a.zip", bomb), r"'metadata\.json' of .* bytes, where .* at most")
    bomb = {**GOOD, "sample_00000.wav": bytes(10**7)}
    refused(zipped(tmp_path / "b.zip", bomb), r"'sample_00000\.wav' of .* 10000000 bytes")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 200_000


def test_a_bomb_that_understates_itself(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {**GOOD, "sample_00001.wav": bytes(10**6)})
    with_bytes(path, struct.pack("<L", 10**6), struct.pack("<L", 100))
    with pytest.raises(ValueError, match=r"'sample_00001\.wav' of .* is damaged: Bad CRC-32"):
        unpack(path, tmp_path / "out", SMALL)
    assert all(file.stat().st_size <= 100 for file in (tmp_path / "out").iterdir())


def test_a_member_that_overstates_itself(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {**GOOD, "sample_00001.wav": bytes(1001)})
    with_bytes(path, struct.pack("<L", 1001), struct.pack("<L", 2000))
    with pytest.raises(ValueError, match=r"'sample_00001\.wav' of .* it has 1001 bytes, not the 2"):
        unpack(path, tmp_path / "out", SMALL)


def test_far_too_many_members(tmp_path: Path) -> None:
    many = {f"rubbish/{i}": b"" for i in range(1100)}
    refused(zipped(tmp_path / "a.zip", {**GOOD, **many}), "has 1102 members, far more than 5")


def test_samples_beyond_the_last_are_left_out(tmp_path: Path) -> None:
    more = {"sample_00005.wav": b"RIFF", "sample_1.wav": b"", "x.npy.exe": b"", "sub/x.npy": b""}
    unpack(zipped(tmp_path / "a.zip", {**GOOD, **more}), tmp_path / "out", SMALL)
    assert names(tmp_path / "out") == set(GOOD)


def test_damage_names_the_member(tmp_path: Path) -> None:
    stored = zipped(
        tmp_path / "a.zip", {**GOOD, "sample_00003.wav": b"RIFF data"}, zipfile.ZIP_STORED
    )
    with_bytes(stored, b"RIFF data", b"RIFF dada")
    with pytest.raises(ValueError, match=r"'sample_00003\.wav' of .*a\.zip is damaged: Bad CRC"):
        unpack(stored, tmp_path / "out", SMALL)
    path = archive(tmp_path / "b")
    intact = path.read_bytes()
    for at in range(60, len(intact) - 22, 37):
        out = tmp_path / f"out{at}"
        path.write_bytes(intact[:at] + bytes([intact[at] ^ 0x55]) + intact[at + 1 :])
        reason = refusal(path, out)
        if reason:
            assert str(path) in reason
        else:  # a flipped bit where it does no harm: dates, attributes
            taken = (out / "metadata.json").read_bytes()
            assert taken == (tmp_path / "b/source/metadata.json").read_bytes()


def test_an_archive_that_is_cut_short(tmp_path: Path) -> None:
    path = archive(tmp_path)
    intact = path.read_bytes()
    for length in range(0, len(intact), 101):
        path.write_bytes(intact[:length])
        refused(path, "not a whole zip")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    refused(zipped(tmp_path / "a.zip", GOOD, zipfile.ZIP_LZMA), "compressed by method 14")
    path = zipped(tmp_path / "b.zip", GOOD)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refused(path, "is encrypted")


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(OSError, match=r"unpacked dataset needs 0\.00 GB, but the disk of"):
        unpack(path, tmp_path / "out", SMALL)
    with pytest.raises(OSError, match="unpacked dataset needs"):
        unpack(tmp_path / "source", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_limits_leave_room_for_what_was_published() -> None:
    published = PUBLISHED_DATASETS["5000-circular-drums-of-varying-size"]
    # Numbers at their longest, -1.2345678901234567e-100, and a comma and a space between them.
    assert size_limit(published, "metadata.json") > 5000 * 48000 * 26
    assert size_limit(published, "sample_04999.wav") > 44 + 48000 * 4
    assert size_limit(published, "sample_05000.wav") == 0
    assert size_limit(published, "x.npy") > 5000 * 48000 * 8
    assert size_limit(published, "readme.txt") == 0
    assert 7e9 < archive_limit(published) < 2e10


def test_a_directory_is_copied_without_what_is_not_the_datasets(tmp_path: Path) -> None:
    source = unpacked(tmp_path / "source")
    for name in ("thesis.tex", ".hidden", "sample_00005.wav"):
        (source / name).touch()
    unpack(source, tmp_path / "out", SMALL)
    assert names(tmp_path / "out") == names(source) - {"thesis.tex", ".hidden", "sample_00005.wav"}
    (source / "x.npy").mkdir()
    with pytest.raises(ValueError, match=r"x\.npy is no file"):
        unpack(source, tmp_path / "other", SMALL)
    (source / "x.npy").rmdir()
    (source / "sample_00000.wav").write_bytes(bytes(10**6))
    with pytest.raises(ValueError, match=r"sample_00000\.wav has 1000000 bytes"):
        unpack(source, tmp_path / "other", SMALL)
    assert not (tmp_path / "other").exists()
