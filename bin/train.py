#!/usr/bin/env python3
"""Train a routine: `bin/train.py [ROUTINE] [--config FILE] [--stream] [--resume RUN] ...`."""

import os
import sys
from pathlib import Path

try:
    from kac_prediction.cli import train
except ModuleNotFoundError:
    # Not installed for this Python: run by the one that bin/demo made.
    python = str(Path(__file__).resolve().parents[1] / ".venv/bin/python")
    if sys.executable == python or not Path(python).exists():
        raise
    os.execv(python, [python, *sys.argv])

if __name__ == "__main__":
    train()
