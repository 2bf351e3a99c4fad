"""QGIS Server over PostGIS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bench.serve import fastcgi, postgis
from tests.bench.serve.asking import Dialect
from tests.bench.serve.parcels import COLLECTION, EPSG
from tests.bench.serve.peer import Given
from tests.bench.serve.servers import Server, program, told_version

_LAYER = "parcels_to_measure_with"  # QGIS takes no id of ten characters or less
_BASE = f"/wfs3/collections/{COLLECTION}"


@dataclass(frozen=True)
class QgisServer:
    """QGIS Server's OGC API Features."""

    name: str = "QGIS Server"

    def missing(self) -> str:
        """Return what is not installed; nothing if all is."""
        if not _program():
            return "QGIS Server"
        return fastcgi.missing() or postgis.missing()

    def version(self) -> str:
        """Return which version is installed."""
        return told_version(_program(), "--version")

    @contextmanager
    def serving(self, given: Given) -> Iterator[tuple[Server, Dialect]]:
        """Serve the table until the block ends."""
        project = given.folder / "parcels.qgs"
        project.write_text(_project(given), encoding="utf-8")
        env = {
            "QGIS_PROJECT_FILE": str(project),
            "QGIS_SERVER_LOG_LEVEL": "2",
            "QGIS_SERVER_API_WFS3_MAX_LIMIT": "2000000",
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(given.folder),
        }
        command = _program()
        assert command
        with fastcgi.fastcgi(command, env, given.folder) as server:
            whole = Server(server.port, (*server.processes, given.database.process))
            whole.wait(f"{_BASE}.json")
            yield whole, _dialect()


def _dialect() -> Dialect:
    return Dialect(
        items=f"{_BASE}/items",
        item=lambda row: str(row + 1),
        hits="limit=1",
        crs=False,
    )


def _project(given: Given) -> str:
    source = (
        f"{given.database.words} sslmode=disable key='fid' estimatedmetadata=true srid={EPSG}"
        f' type=Polygon checkPrimaryKeyUnicity=\'0\' table="public"."{postgis.TABLE}" (geom)'
    )
    # With the authority's name alone QGIS takes the coordinates for degrees.
    srs = f"""<spatialrefsys>
      <proj4>+proj=utm +zone=32 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs</proj4>
      <srsid>2105</srsid><srid>{EPSG}</srid><authid>EPSG:{EPSG}</authid>
      <description>ETRS89 / UTM zone 32N</description>
      <projectionacronym>utm</projectionacronym><ellipsoidacronym>EPSG:7019</ellipsoidacronym>
      <geographicflag>false</geographicflag>
    </spatialrefsys>"""
    return f"""<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis projectname="parcels" version="3.22.16">
  <title>parcels</title>
  <projectCrs>{srs}</projectCrs>
  <layer-tree-group>
    <layer-tree-layer id="{_LAYER}" name="{COLLECTION}" checked="Qt::Checked"
      providerKey="postgres"/>
  </layer-tree-group>
  <projectlayers>
    <maplayer type="vector" geometry="Polygon">
      <id>{_LAYER}</id>
      <datasource>{escape(source)}</datasource>
      <shortname>{COLLECTION}</shortname>
      <layername>{COLLECTION}</layername>
      <srs>{srs}</srs>
      <provider encoding="UTF-8">postgres</provider>
      <flags><Identifiable>1</Identifiable><Searchable>1</Searchable></flags>
    </maplayer>
  </projectlayers>
  <properties>
    <WFSLayers type="QStringList"><value>{_LAYER}</value></WFSLayers>
    <WFSLayersPrecision><{_LAYER} type="int">7</{_LAYER}></WFSLayersPrecision>
  </properties>
</qgis>
"""


def _program() -> Path | None:
    return program("qgis_mapserv.fcgi", "/usr/lib/cgi-bin/qgis_mapserv.fcgi")
