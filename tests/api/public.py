"""What everybody may read, as the layer files say."""

from gis_core.crs import plan_operation, transform_geometry
from layers.figures import figures, figures_spec, parcel_fields
from layers.registry import find_layers
from layers.spec import Access, GeometryKind

SPECS = {
    spec.id: spec
    for _, spec in find_layers().collections()
    if spec.access is Access.PUBLIC and spec.geometry is not GeometryKind.NONE
}
HIDDEN = tuple(spec.id for _, spec in find_layers().collections() if spec.id not in SPECS)
FIGURES = figures_spec(
    SPECS["flurstueck"],
    (*parcel_fields(SPECS["flurstueck"]), *(f.field for f in figures(find_layers()))),
)
STORED = tuple(name for name, spec in SPECS.items() if spec.made_of is None)
MADE = tuple(name for name in SPECS if name not in STORED)
SPECS[FIGURES.id] = FIGURES
PUBLIC = tuple(SPECS)

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS = (CRS84, *(f"{EPSG}{code}" for code in (25832, 4326, 3857, 4258, 25833, 4647)))
LATITUDE_FIRST = {f"{EPSG}4326", f"{EPSG}4258"}


def name(uri):
    """Return the name by which PROJ knows an offered CRS."""
    return "OGC:CRS84" if uri == CRS84 else uri.replace(EPSG, "EPSG:")


def carry(geometry, source, target):
    """Return geometry, x east, in another CRS."""
    return transform_geometry(geometry, plan_operation(name(source), name(target)))
