"""What the figures that a layer gives to parcels are called."""

from layers.spec.terms import Identifier, Strict


class FigureNames(Strict):
    """The names of a layer's figures among those of a parcel: ``PREFIX_anzahl`` and the like.

    Without it the id of the collection or of the raster layer goes first. ``boundary`` is the
    word for features that a parcel's boundary cuts.
    """

    prefix: Identifier
    boundary: Identifier = "auf_grenze"
