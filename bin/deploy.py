#!/usr/bin/env python3
"""Say which drum is heard in sound files: `bin/deploy.py MODEL FILE...`."""

import os
import sys
from pathlib import Path

try:
    from kac_prediction.cli import deploy
except ModuleNotFoundError:
    # Not installed for this Python: run by the one that bin/demo made.
    python = str(Path(__file__).resolve().parents[1] / ".venv/bin/python")
    if sys.executable == python or not Path(python).exists():
        raise
    os.execv(python, [python, *sys.argv])

if __name__ == "__main__":
    deploy()
