#!/usr/bin/env bash
# NAME [--dir DIR] [--from PATH_OR_URL] [--md5 MD5] [--record RECORD]: install a published dataset in
# data/NAME, from its record or from a copy; NAME --generate [--size N] [--seed S]: make the same
# family here.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -eu
source "$(dirname "$0")/setup.sh"
install ""
exec "$python" -P -m kac_prediction install "$@"
