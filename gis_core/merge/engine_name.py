"""The engines by name, apart from what they need: a command's help shows them at once."""

from enum import StrEnum


class EngineName(StrEnum):
    """What a caller may ask for."""

    AUTO = "auto"
    SHAPELY = "shapely"
    KERNELS = "kernels"
