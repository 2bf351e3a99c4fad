"""The quality of the parcel fabric: arrays in, findings out.

`check` runs all checks. `parcels` looks at each parcel alone, `districts` at who is around it,
`coverage` at how all fit together: `rings` and `edges` take the fabric apart and let shared
borders cancel, `junctions` resolves borders with a vertex on one side only, `faces` judges
what the rest encloses. `areas` is the rule for official against drawn area, `findings` what a
check returns; `outlines` draws borders from the same edges.

Names are loaded when first used: a command that only names the codes pays for no check.
"""

from typing import TYPE_CHECKING

from gis_core.lazy_names import lazily

if TYPE_CHECKING:
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

_MODULES = {
    "AreaBound": "areas",
    "Code": "findings",
    "Coverage": "coverage",
    "Finding": "findings",
    "ParcelRows": "check",
    "Severity": "findings",
    "Unit": "findings",
    "check_fabric": "check",
    "examine_coverage": "coverage",
    "group_borders": "outlines",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _MODULES)
