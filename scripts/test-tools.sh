#!/bin/sh
# Installs what some tests need outside Python, where this machine lets us; tests skip with a reason otherwise.
if command -v npm >/dev/null 2>&1; then
    # The lock file names each package's checksum; nothing of a package is run while it is installed.
    (cd "$(dirname "$0")/../tests/js" && npm ci --ignore-scripts --no-audit --no-fund --silent) >/dev/null 2>&1 ||
        echo "npm could not install its packages; the tests that need them will be skipped with a reason"
fi
wanted=""
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
command -v ogrinfo >/dev/null 2>&1 || wanted="$wanted gdal-bin"
[ -n "$wanted" ] || exit 0
command -v apt-get >/dev/null 2>&1 || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else exit 0; fi
echo "Installing for the tests:$wanted"
export DEBIAN_FRONTEND=noninteractive
{ $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
    echo "apt could not install$wanted; the tests that need them will be skipped with a reason"
