"""The classes of secrecy."""

from enum import StrEnum


class Access(StrEnum):
    """Who may see a field at all; see roles.toml for which role reads which class."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    TAX_SECRET = "tax_secret"  # noqa: S105 - the class of secret, not a secret

    @property
    def sealed(self) -> bool:
        """Whether such values are kept in a file of their own."""
        return self in {Access.PERSONAL, Access.TAX_SECRET}
