#!/bin/sh
# Resolves both lock files: with hashes, for every platform and Python >= 3.12, naming no index.
set -eu
options="--universal --python-version 3.12 --generate-hashes --no-header --no-emit-index-url --no-annotate --quiet"
uv pip compile pyproject.toml $options -o requirements.lock
uv pip compile pyproject.toml --group dev --extra notebook $options -c requirements.lock -o requirements-dev.lock
