#!/usr/bin/env bash
# NAME: download a published dataset into data/NAME.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -eu
source "$(dirname "$0")/setup.sh"
install ""
exec "$python" -P -m kac_prediction.cli install-dataset "$@"
