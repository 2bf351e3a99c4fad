"""Ready GeoJSON of every public feature, beside the GeoPackage of a generation.

A served page is then a few copies of bytes. `files` says where things lie; `writing` makes a
table's segment, `carrying` one out of the former generation's after an amendment; `segment` reads
it, `boxes` finds what meets a box in it.

A segment holds the columns that its schema calls published, never a sealed one. It can always be
made again from the GeoPackage, and nothing is lost where it is absent: who reads it does without.
"""

from gis_core.store.fragments.carrying import carry_segment, copy_segment
from gis_core.store.fragments.segment import Segment, Segments
from gis_core.store.fragments.writing import write_segment

__all__ = ["Segment", "Segments", "carry_segment", "copy_segment", "write_segment"]
