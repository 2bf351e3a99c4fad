#!/bin/sh
# Installs the servers that `make bench-serve` measures beside Flurbuch, where this machine lets us: programs by apt,
# Python servers into environments of their own below var/peers. What is missing afterwards the benchmark names.
set -u
cd "$(dirname "$0")/.." || exit 1
python=$(sh scripts/find-python.sh) || exit 1

# Of a package and the program that shows it to be there.
wanted=""
need() { command -v "$2" >/dev/null 2>&1 || [ -e "$2" ] || wanted="$wanted $1"; }
need wrk wrk
need nginx-light /usr/sbin/nginx
need spawn-fcgi spawn-fcgi
need cgi-mapserver /usr/lib/cgi-bin/mapserv
need qgis-server /usr/lib/cgi-bin/qgis_mapserv.fcgi
ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || wanted="$wanted postgresql postgresql-postgis"

by_apt() {
    command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here; not installed:$wanted"; return; }
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif sudo -n true 2>/dev/null; then as_root="sudo -n"
    else echo "no right to install packages; not installed:$wanted"; return; fi
    echo "Installing:$wanted"
    export DEBIAN_FRONTEND=noninteractive
    # The benchmark starts and ends its servers itself: no package may start one now.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod +x "$policy"
        trap '$as_root rm -f "$policy"' EXIT
    fi
    $as_root apt-get update -qq
    for package in $wanted; do
        $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null || echo "not installed: $package"
    done
}
[ -z "$wanted" ] || by_apt

# Of a name and what goes into its environment.
by_pip() {
    name=$1 && shift
    [ -x "var/peers/$name/bin/uvicorn" ] && return
    echo "Installing: $name"
    "$python" -m venv "var/peers/$name" &&
        "var/peers/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || echo "not installed: $name"
}
by_pip pygeoapi pygeoapi==0.24.0 uvicorn uvloop httptools starlette sqlalchemy geoalchemy2 psycopg2-binary
by_pip tipg tipg==1.6.1 uvicorn uvloop httptools 'psycopg[binary]'
