"""A layer that is a raster."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from layers.spec.access import Access
from layers.spec.figures import FigureNames
from layers.spec.terms import Strict, Title, is_whole


class RasterKind(StrEnum):
    """What the cells of a raster are."""

    CONTINUOUS = "continuous"  # measurements
    CLASSES = "classes"  # codes, as of land cover


class Statistic(StrEnum):
    """What to say about the cells in a parcel."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    STD = "std"
    SLOPE = "slope"  # mean and greatest, in degrees
    ASPECT = "aspect"  # direction downhill, in degrees from north


class RasterSpec(Strict):
    """A layer that is a raster: what its cell values mean, and what of them goes to parcels."""

    title: Title
    unit: str = ""
    access: Access
    kind: RasterKind = RasterKind.CONTINUOUS
    statistics: tuple[Statistic, ...] = ()  # empty: mean, min, max and std of measurements
    exact: bool = False  # cells count by the fraction in the parcel, not whole by their centre
    codes: dict[str, Title] | None = None  # of classes
    figures: FigureNames | None = None

    @property
    def wanted(self) -> tuple[Statistic, ...]:
        """The statistics that each parcel gets; none where cells are counted by class."""
        if self.kind is RasterKind.CLASSES:
            return ()
        usual = (Statistic.MEAN, Statistic.MIN, Statistic.MAX, Statistic.STD)
        return self.statistics or usual

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> Self:
        if self.kind is RasterKind.CLASSES:
            if self.statistics or self.unit:
                raise ValueError("classes have neither a unit nor statistics: they are counted")
            if not all(map(is_whole, self.codes or ())):
                raise ValueError("the codes of classes are whole numbers")
            return self
        if self.codes:
            raise ValueError('codes are for kind = "classes"')
        if not self.unit:
            raise ValueError("unit is missing: in what are the cells measured?")
        if Statistic.SLOPE in self.statistics and self.unit != "m":
            raise ValueError(f"slope needs heights in m, the unit is {self.unit}")
        return self

    @model_validator(mode="after")
    def _is_no_secret(self) -> Self:
        if self.access.sealed:
            raise ValueError("a raster is a file that is given out whole, so it cannot be a secret")
        return self
