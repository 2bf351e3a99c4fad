#!/bin/sh
# Installs what some tests need outside Python, where this machine lets us; tests skip with a reason otherwise.
# QGIS is the largest: 100 MB to load, 930 MB on disk, a minute; FLURBUCH_TESTS_WITHOUT_QGIS=1 leaves it out.
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

system_packages() {
    wanted=""
    command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
    command -v ogrinfo >/dev/null 2>&1 || wanted="$wanted gdal-bin"
    [ -n "${FLURBUCH_TESTS_WITHOUT_QGIS:-}" ] || /usr/bin/python3 -c 'import qgis' >/dev/null 2>&1 ||
        wanted="$wanted python3-qgis"
    [ -n "$wanted" ] || return 0
    command -v apt-get >/dev/null 2>&1 || return 0
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif sudo -n true 2>/dev/null; then as_root="sudo -n"
    else return 0; fi
    echo "Installing for the tests:$wanted"
    export DEBIAN_FRONTEND=noninteractive
    { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
        echo "apt could not install$wanted; the tests that need them will be skipped with a reason"
}

node_packages() {
    lock="$here/tests/js/package-lock.json"
    command -v npm >/dev/null 2>&1 && [ -f "$lock" ] || return 0
    cmp -s "$lock" "$here/tests/js/node_modules/.installed" && return 0
    echo "Installing for the tests: the clients in JavaScript"
    npm ci --prefix "$here/tests/js" --ignore-scripts --no-audit --no-fund --silent >/dev/null 2>&1 &&
        cp "$lock" "$here/tests/js/node_modules/.installed" ||
        echo "npm could not install them; the tests that need them will be skipped with a reason"
}

system_packages
node_packages
