"""The one door to stored data.

Columns and rows are decided before the query; reading a secret is logged before the answer.
`door` decides and logs; `features`, `batches`, `ready` (with `assembled`), `merged`, `figures`,
`catalogue`, `rasters` and `tiles` are what it answers, `through_time` of any period, for which it
reads `several` tables as one; `made` is what no file delivers, at `made_places`; `reader` puts them
together.
"""

from layers.reader.reader import Reader, open_reader

__all__ = ["Reader", "open_reader"]
