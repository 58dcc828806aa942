#!/usr/bin/env python3
"""Say which drum is heard in sound files: `bin/deploy.py MODEL FILE...`."""

from kac_prediction.cli import deploy

if __name__ == "__main__":
    deploy()
