"""Lossy coding: what is left of a sound that was kept as mp3 or Ogg Vorbis."""

from collections.abc import Mapping
from io import BytesIO
from threading import Event
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from .._checks import check_choice, check_number
from .._threads import in_thread

Codec = Literal["mp3", "vorbis"]

MP3_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz
HIGHEST_VORBIS_RATE: Final = 200_000  # Hz; beyond it libvorbis crashes
CONTAINERS: Final[Mapping[Codec, tuple[str, str]]] = MappingProxyType(
    {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS")}
)
CODING_PEAK: Final = 0.5  # of full scale, with which a sound is encoded


def codecs(sample_rate: int) -> tuple[Codec, ...]:
    """Return the codecs that know the sample rate, of those that libsndfile has here."""
    known: dict[Codec, bool] = {
        "mp3": sample_rate in MP3_RATES,
        "vorbis": sample_rate <= HIGHEST_VORBIS_RATE,
    }
    here = soundfile.available_formats()
    return tuple(each for each, knows in known.items() if knows and CONTAINERS[each][0] in here)


def coded(
    x: torch.Tensor, sample_rate: int, codec: Codec = "mp3", compression: float = 0.5
) -> torch.Tensor:
    """Return sounds encoded and decoded again by a lossy codec, on the CPU.

    libsndfile does both, at a variable bit rate, and takes away the delay of encoder and decoder.
    A sound is encoded with a peak of half the full scale, and gets its level back; one that is
    silent or has a sample that is not finite is left as it is.

    Args:
        x: the sounds.
        sample_rate: samples per second.
        codec: "mp3" (MPEG layer III) or "vorbis" (Ogg Vorbis).
        compression: from 0 (the best quality) to 1 (the smallest file).

    Raises:
        ValueError: the codec is none of `codecs(sample_rate)`, or the compression out of range.
    """
    check_choice(f"a codec for {sample_rate} Hz", codec, codecs(sample_rate))
    check_number("compression", compression, least=0, most=1)
    result = x.detach().to("cpu", torch.float64, copy=True)

    def code(cancel: Event) -> None:
        for sound in result.numpy():
            loudest = np.abs(sound).max()
            if 1e-300 < loudest < np.inf and not cancel.is_set():
                scale = CODING_PEAK / loudest
                sound[:] = _round_trip(sound * scale, sample_rate, codec, compression) / scale

    in_thread(code)
    return result.to(x)


def _round_trip(
    sound: npt.NDArray[np.float64], sample_rate: int, codec: Codec, compression: float
) -> npt.NDArray[np.float64]:
    """Return one sound, encoded and decoded in memory."""
    container, subtype = CONTAINERS[codec]
    memory = BytesIO()
    with soundfile.SoundFile(
        memory,
        "w",
        sample_rate,
        channels=1,
        format=container,
        subtype=subtype,
        compression_level=compression,
    ) as file:
        file.write(sound)
    memory.seek(0)
    decoded, _ = soundfile.read(memory, len(sound), fill_value=0.0)
    return np.asarray(decoded)
