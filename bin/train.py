#!/usr/bin/env python3
"""Train a routine: `bin/train.py [ROUTINE] [--config FILE] [--wandb]`."""

from kac_prediction.cli import train

if __name__ == "__main__":
    train()
