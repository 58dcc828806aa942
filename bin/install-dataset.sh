#!/usr/bin/env bash
# NAME: download a published dataset into data/NAME.
set -eu
source "$(dirname "$0")/setup.sh"
install ""
exec "$python" -m kac_prediction.cli install-dataset "$@"
