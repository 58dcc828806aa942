"""Arrays by short names, which signatures show in `help()`."""

import numpy as np
import numpy.typing as npt
from typing_extensions import TypeAliasType

ArrayLike = TypeAliasType("ArrayLike", npt.ArrayLike)
"""Whatever NumPy makes an array of."""

Bool = TypeAliasType("Bool", npt.NDArray[np.bool_])
"""An array of bools."""

Float64 = TypeAliasType("Float64", npt.NDArray[np.float64])
"""An array of floating numbers in double precision."""
