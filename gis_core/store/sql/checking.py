"""Statements that ask SQLite whether a file is sound."""

from gis_core.store.sql.names import quote


def integrity_check(table: str | None = None, *, quick: bool = False) -> str:
    """Return the PRAGMA that checks a whole file, or one table of it.

    ``quick``: every page and every row's form, but not whether rows and indexes agree.
    """
    kind = "quick_check" if quick else "integrity_check"
    return f"PRAGMA {kind}({quote(table)})" if table else f"PRAGMA {kind}"


def check_rtree() -> str:
    """Return the query for SQLite's verdict on an R-tree, whose name is bound."""
    return "SELECT rtreecheck(?)"
