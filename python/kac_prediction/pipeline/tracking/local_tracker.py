"""A training written down beside its checkpoints: `log.jsonl`, `curve.png` and other pictures."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .records import Record, append_records, read_records, rewrite_records, write_atomically

logger = logging.getLogger(__name__)

SHARE = 0.01  # of the time of a training that may go into drawing its curve
FIRST_DRAWING = 1.0  # seconds: what one may cost before any was made, matplotlib's import included
DPI = 110


class LocalTracker:
    """Writes `log.jsonl`, one JSON object an epoch, and draws it as `curve.png`.

    The curve is drawn anew as often as a hundredth of the time of the training allows, and once at
    the end. A disk that is full or gone costs no training: it is said in the log, and the epochs
    that could not be written are kept and tried again with every other.

    Args:
        directory: the directory of the run.
        clock: tells the time in seconds.
    """

    def __init__(
        self, directory: str | Path, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._directory = Path(directory)
        self._file = self._directory / "log.jsonl"
        self._records: list[Record] = []
        self._unwritten: list[Record] = []
        self._complained: set[str] = set()
        self._drawn = 0  # how many records curve.png shows
        self._clock = clock
        self._begun: float | None = None
        self._spent = 0.0
        self._last_drawing = FIRST_DRAWING

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Nothing to write or to ask for: the checkpoints hold the parameters."""
        return {}

    def log(self, record: Record) -> None:
        """Append an epoch; whoever watches the file sees it when this returns."""
        if self._begun is None:
            self._begun = self._clock() - float(record.get("seconds", 0.0))
        self._records.append(record)
        self._unwritten.append(record)
        self._write()
        if self._spent + self._last_drawing <= SHARE * (self._clock() - self._begun):
            self._draw()

    def picture(self, name: str, figure: Any) -> None:
        """Save a figure as `name`.png."""
        self._save(name, figure)

    def artifact(self, path: str | Path) -> None:
        """Nothing to do: the file is here already."""

    def watch(self, model: Any) -> None:
        """Nothing to do: the local log has no gradients."""

    def resume(self, epoch: int) -> None:
        """Forget what was logged after that epoch, and go on from there.

        A line that was half written when the training was killed is forgotten too.
        """
        try:
            self._records = [
                record for record in read_records(self._file) if record.get("epoch", -1) <= epoch
            ]
            if self._file.exists():
                rewrite_records(self._file, self._records)
        except OSError as error:
            self._complain(f"{self._file} could not be taken up again", error)
        self._drawn = 0

    def finish(self, failed: bool = False) -> None:
        """Draw the whole curve; write what is still to be written."""
        self._write()
        if self._unwritten:
            logger.warning(
                "%d epochs are not in %s, which could not be written",
                len(self._unwritten),
                self._file,
            )
        if self._drawn != len(self._records):
            self._draw()

    def _write(self) -> None:
        if not self._unwritten:
            return
        try:
            append_records(self._file, self._unwritten)
        except OSError as error:
            self._complain(f"{self._file} cannot be written, and is tried again", error)
        else:
            self._unwritten = []

    def _draw(self) -> None:
        # Not before the first drawing: matplotlib takes most of a second to import.
        from ...plot.curve import curve_figure

        started = self._clock()
        try:
            self._save("curve", curve_figure(self._records))
        except Exception as error:  # a record of a user's own that cannot be drawn
            self._complain("the curve cannot be drawn", error)
        self._drawn = len(self._records)
        self._last_drawing = self._clock() - started
        self._spent += self._last_drawing

    def _save(self, name: str, figure: Any) -> None:
        path = self._directory / f"{name}.png"
        try:
            write_atomically(path, lambda staged: figure.savefig(staged, dpi=DPI))
        except Exception as error:  # the disk, or whatever a user's figure holds
            self._complain(f"{path} cannot be drawn", error)

    def _complain(self, what: str, error: Exception) -> None:
        """Say it once: what fails with one epoch mostly fails with the next."""
        if what not in self._complained:
            self._complained.add(what)
            logger.warning("%s (%s); the training goes on", what, error)
