"""What of a sound's amplitude tells nothing of its drum: polarity, gain and offset."""

import torch


def aligned(x: torch.Tensor) -> torch.Tensor:
    """Turn sounds over, shape (..., length), whose first loud sample is below 0.

    Loud is a sample of at least half of the largest magnitude. So x and -x become the same bits,
    on the device of x, without waiting for it.
    """
    magnitudes = x.abs()
    loud = magnitudes >= magnitudes.amax(-1, keepdim=True) - magnitudes  # exact, also of subnormals
    first = loud.to(x.dtype).argmax(-1, keepdim=True)
    return torch.where(x.gather(-1, first) < 0, -x, x)


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Map the smallest and the largest sample of each sound, shape (..., length), to -1 and 1.

    As `InputRepresentation.normalise`, but in the dtype and on the device of x, without waiting for
    it; so it makes nan of a sound with samples that are not finite. A constant sound becomes 0.
    """
    low = x.amin(-1, keepdim=True)
    span = x.amax(-1, keepdim=True) - low
    return torch.where(span == 0, 0.0, (x - low) / span * 2 - 1)
