#!/bin/sh
# Prints the path of a Python >= 3.12, or says plainly what to install.
suits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }
for candidate in "${PYTHON:-}" python3.13 python3.14 python3.12 python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.14.*/bin/python; do
    [ -n "$candidate" ] || continue
    if command -v "$candidate" >/dev/null 2>&1 && suits "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done
cat >&2 <<'TEXT'
Flurbuch needs Python 3.12 or newer with its venv module; none was found.
  Debian 13, Ubuntu 24.04:  apt install python3 python3-venv
  macOS:                    brew install python@3.13
  any system with pyenv:    pyenv install 3.13
Then run the same command again, or name one: make demo PYTHON=/path/to/python3.13
TEXT
exit 1
