"""The only place where SQL text is put together: names are quoted here, values are always bound.

`names` quotes; `writing` builds a generation's tables, `amending` changes a copy of one,
`checking` asks whether a file is sound, `reading` answers queries, `filtering` their
filters; `joining` makes a table of others for one connection, `between` compares two
generations.
"""

from gis_core.store.sql import filtering
from gis_core.store.sql.amending import (
    delete_box,
    delete_row,
    drop_table,
    find_rows,
    insert_box,
    insert_row,
    last_row,
    outermost,
    shapes_at_side,
)
from gis_core.store.sql.checking import (
    check_rtree,
    integrity_check,
)
from gis_core.store.sql.joining import (
    create_view,
    touch_view,
)
from gis_core.store.sql.names import (
    BESIDE,
    SEALED,
    VIEWS,
    alias,
    place,
    quote,
    quoted,
    rtree,
)
from gis_core.store.sql.reading import (
    Condition,
    Statement,
    any_of,
    equals,
    in_box,
    select,
    touch,
)
from gis_core.store.sql.writing import (
    STAGED_FIXED,
    copy_ranked,
    create_index,
    create_joint_index,
    create_rtree,
    create_staged,
    create_table,
    insert_rtree_link,
    insert_rtree_node,
    insert_staged,
    rank_staged,
    ranked_boxes,
    rtree_triggers,
    staged_duplicate,
    staged_totals,
)

__all__ = [
    "BESIDE",
    "SEALED",
    "STAGED_FIXED",
    "VIEWS",
    "Condition",
    "Statement",
    "alias",
    "any_of",
    "check_rtree",
    "copy_ranked",
    "create_index",
    "create_joint_index",
    "create_rtree",
    "create_staged",
    "create_table",
    "create_view",
    "delete_box",
    "delete_row",
    "drop_table",
    "equals",
    "filtering",
    "find_rows",
    "in_box",
    "insert_box",
    "insert_row",
    "insert_rtree_link",
    "insert_rtree_node",
    "insert_staged",
    "integrity_check",
    "last_row",
    "outermost",
    "place",
    "quote",
    "quoted",
    "rank_staged",
    "ranked_boxes",
    "rtree",
    "rtree_triggers",
    "select",
    "shapes_at_side",
    "staged_duplicate",
    "staged_totals",
    "touch",
    "touch_view",
]
