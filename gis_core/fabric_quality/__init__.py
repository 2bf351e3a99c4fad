"""The quality of the parcel fabric: arrays in, findings out.

`check` runs all checks. `parcels` looks at each parcel alone, `districts` at who is around it,
`coverage` at how all fit together: `rings` and `edges` take the fabric apart and let shared
borders cancel, `junctions` resolves borders with a vertex on one side only, `faces` judges
what the rest encloses. `areas` is the rule for official against drawn area, `findings` what a
check returns; `outlines` draws borders from the same edges.
"""

from gis_core.fabric_quality.areas import AreaBound
from gis_core.fabric_quality.check import ParcelRows, check_fabric
from gis_core.fabric_quality.coverage import Coverage, examine_coverage
from gis_core.fabric_quality.findings import Code, Finding, Severity, Unit
from gis_core.fabric_quality.outlines import group_borders

__all__ = [
    "AreaBound",
    "Code",
    "Coverage",
    "Finding",
    "ParcelRows",
    "Severity",
    "Unit",
    "check_fabric",
    "examine_coverage",
    "group_borders",
]
