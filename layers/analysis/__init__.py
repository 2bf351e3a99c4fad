"""Questions about a place: what is near it, and how much of it is covered by what.

`places` finds the place that is meant, `nearby` and `areas` answer. Everything is read through
the reader, as the actor; what would take too much is refused before it is read.
"""

from layers.analysis.areas import Figures, Group, Zone, measure_zones
from layers.analysis.nearby import Nearby, find_nearby
from layers.analysis.places import district_place, drawn_place, parcel_place

__all__ = [
    "Figures",
    "Group",
    "Nearby",
    "Zone",
    "district_place",
    "drawn_place",
    "find_nearby",
    "measure_zones",
    "parcel_place",
]
