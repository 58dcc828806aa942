"""A training recorded beside its checkpoints: `log.jsonl`, `curve.png` and other pictures."""

import logging
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

from ..._files import append_records, read_records, replacing
from .tracker import Record, Tracker, png

logger = logging.getLogger(__name__)

LOG: Final = "log.jsonl"
DRAWING_SHARE: Final = 0.01  # of the time of a training that may go into drawing its curve
FIRST_DRAWING: Final = 1.0  # seconds: expected of the first drawing, which imports matplotlib


class LocalTracker(Tracker):
    """Writes `log.jsonl`, a JSON object for each epoch, and draws it as `curve.png`.

    The curve is redrawn as often as a hundredth of the training time allows, and at the end, but
    not by Ctrl-C. A disk that is full or gone stops no training: that is logged once, and epochs
    that could not be written are kept and tried again with every other.
    """

    def __init__(self, directory: str | Path, clock: Callable[[], float] = perf_counter) -> None:
        self._directory = Path(directory)
        self._file = self._directory / LOG
        self._records: list[Record] = []
        self._unwritten: list[Record] = []
        self._warned: set[str] = set()
        self._drawn = 0  # number of records in curve.png
        self._clock = clock
        self._start: float | None = None
        self._drawing_seconds = 0.0
        self._last_drawing = FIRST_DRAWING

    def resume(self, epoch: int) -> None:
        """Drop the records of later epochs, and a line that was half written."""
        try:
            records = read_records(self._file)
            self._records = [record for record in records if record.get("epoch", -1) <= epoch]
            if self._file.exists():
                with replacing(self._file, durable=False) as staged:
                    append_records(staged, self._records)
        except OSError as error:
            self._warn(f"{self._file} cannot be resumed", error)

    def log(self, record: Record) -> None:
        """Append an epoch; whoever watches the file sees it when this returns."""
        if self._start is None:
            self._start = self._clock() - float(record.get("seconds", 0.0))
        self._records.append(record)
        self._unwritten.append(record)
        self._write()
        elapsed = self._clock() - self._start
        if self._drawing_seconds + self._last_drawing <= DRAWING_SHARE * elapsed:
            self._draw()

    def picture(self, name: str, content: bytes) -> None:
        """Save a picture as `name`.png."""
        path = self._directory / f"{name}.png"
        try:
            with replacing(path, durable=False) as staged:
                staged.write_bytes(content)
        except OSError as error:
            self._warn(f"{path} cannot be written", error)

    def finish(self, failed: bool = False, *, interrupted: bool = False) -> None:
        """Write what is still to be written, and draw the whole curve unless interrupted."""
        self._write()
        if self._unwritten:
            count = len(self._unwritten)
            logger.warning("%d epochs are not in %s, which cannot be written", count, self._file)
        if self._drawn != len(self._records) and not interrupted:  # to draw takes a second
            self._draw()

    def _write(self) -> None:
        if not self._unwritten:
            return
        try:
            append_records(self._file, self._unwritten)
        except OSError as error:
            self._warn(f"{self._file} cannot be written, and is tried again", error)
        else:
            self._unwritten = []

    def _draw(self) -> None:
        # Not before the first drawing: matplotlib takes most of a second to import.
        from ...plot.curve import curve_figure

        started = self._clock()
        try:
            self.picture("curve", png(curve_figure(self._records)))
        except Exception as error:  # a record of a user's own that cannot be drawn
            self._warn("the curve cannot be drawn", error)
        self._drawn = len(self._records)
        self._last_drawing = self._clock() - started
        self._drawing_seconds += self._last_drawing

    def _warn(self, what: str, error: Exception) -> None:
        """Warn of a failure once: what fails with one epoch mostly fails with the next."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("%s (%s); the training goes on", what, error)
