"""Checking the parcels of a city: what is wrong with them, where, and what to do.

`run` is the door. `reading` brings the parcels' rows, `gis_core.fabric_quality` judges them,
`addresses` and `repairs` add what other registers and the import know; `report` holds the
result in words (`words`), `files` writes it.
"""

from layers.checking.files import WRITERS, write_findings
from layers.checking.report import CheckReport, Remark
from layers.checking.run import check_directory, check_parcels

__all__ = ["WRITERS", "CheckReport", "Remark", "check_directory", "check_parcels", "write_findings"]
