"""MapServer over PostGIS and over a GeoPackage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import shapely

from tests.bench.serve import fastcgi, postgis
from tests.bench.serve.asking import Dialect
from tests.bench.serve.parcels import COLLECTION, EPSG
from tests.bench.serve.peer import Given
from tests.bench.serve.servers import Server, program, told_version

_BASE = f"/map/ogcapi/collections/{COLLECTION}"


@dataclass(frozen=True)
class MapServer:
    """MapServer's OGC API and its vector tiles."""

    source: Literal["PostGIS", "GeoPackage"]

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"MapServer + {self.source}"

    def missing(self) -> str:
        """Return what is not installed; nothing if all is."""
        if not _program():
            return "MapServer"
        return fastcgi.missing() or (postgis.missing() if self.source == "PostGIS" else "")

    def version(self) -> str:
        """Return which version is installed."""
        return told_version(_program(), "-v")

    @contextmanager
    def serving(self, given: Given) -> Iterator[tuple[Server, Dialect]]:
        """Serve the parcels until the block ends."""
        config, file = given.folder / "mapserver.conf", given.folder / "parcels.map"
        config.write_text(_config(str(file)), encoding="utf-8")
        file.write_text(self._map(given), encoding="utf-8")
        command = _program()
        assert command
        with fastcgi.fastcgi(
            command, {"MAPSERVER_CONFIG_FILE": str(config)}, given.folder
        ) as server:
            stored = (given.database.process,) if self.source == "PostGIS" else ()
            whole = Server(server.port, (*server.processes, *stored))
            whole.wait(f"{_BASE}?f=json")
            yield whole, self._dialect(given)

    def _dialect(self, given: Given) -> Dialect:
        keys = given.parcels.attributes["flstkennz"]
        tile = f"/?map=map&mode=tile&tilemode=gmap&layers={COLLECTION}&map.imagetype=mvt&tile="
        return Dialect(
            items=f"{_BASE}/items",
            item=(lambda row: str(row + 1)) if self.source == "PostGIS" else keys.__getitem__,
            common="f=json&",
            hits="limit=1",
            equals=False,
            tile=lambda z, x, y: f"{tile}{x}+{y}+{z}",
        )

    def _map(self, given: Given) -> str:
        if self.source == "PostGIS":
            data = f"geom from {postgis.TABLE} using unique fid using srid={EPSG}"
            kind, connection, key = "POSTGIS", given.database.words, "fid"
        else:
            kind, connection, data, key = "OGR", str(given.gpkg), COLLECTION, "flstkennz"
        extent = " ".join(f"{c:.0f}" for c in shapely.total_bounds(given.parcels.shapes))
        return f"""MAP
  NAME "parcels" STATUS ON SIZE 256 256 EXTENT {extent}
  PROJECTION "init=epsg:{EPSG}" END
  WEB METADATA
    "ows_title" "parcels" "ows_enable_request" "*" "oga_enable_request" "*"
    "ows_srs" "EPSG:{EPSG} EPSG:4326" "oga_max_limit" "2000000"
    "oga_onlineresource" "http://127.0.0.1/map/ogcapi"
  END END
  OUTPUTFORMAT NAME "mvt" DRIVER MVT END
  LAYER
    NAME "{COLLECTION}" TYPE POLYGON STATUS ON EXTENT {extent}
    CONNECTIONTYPE {kind} CONNECTION "{connection}" DATA "{data}"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROJECTION "init=epsg:{EPSG}" END
    TEMPLATE "none"
    METADATA
      "ows_title" "{COLLECTION}" "gml_featureid" "{key}" "gml_include_items" "all"
      "gml_types" "auto"
    END
    CLASS STYLE COLOR 200 200 200 END END
  END
END
"""


def _config(file: str) -> str:
    return f"""CONFIG
  ENV
    MS_MAP_PATTERN "."
    PROJ_LIB "/usr/share/proj"
  END
  MAPS
    map "{file}"
  END
END
"""


def _program() -> Path | None:
    return program("mapserv", "/usr/lib/cgi-bin/mapserv")
