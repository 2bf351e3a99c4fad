"""States of single features: which one a change is meant for, and whether it still holds."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gis_core.store import GenerationInfo, Query, Rows, Store
from layers.errors import ChangedMeanwhileError, NoFeatureError, PreconditionMissingError
from layers.view import CollectionView

Frame = pd.DataFrame


@dataclass(frozen=True, slots=True)
class Condition:
    """The state that a change is meant for: tags of states, or a time since when none is newer.

    ``tags`` empty and ``since`` None: nothing was stated. The tag ``*`` is any state.
    """

    tags: frozenset[str] = frozenset()
    since: datetime | None = None


def state_of(frame: Frame) -> str:
    """Return a tag of the state of one feature, as far as it was read: equal for equal states.

    Only what the reader may see goes in, so that the tag tells nothing of the rest.
    """
    told: list[object] = [str(frame.index[0])]
    for name in sorted(str(c) for c in frame.columns):
        value = frame[name].iloc[0]
        if isinstance(value, BaseGeometry):
            value = shapely.to_wkb(value, hex=True, byte_order=1)
        elif not isinstance(value, list | tuple | np.ndarray) and pd.isna(value):
            value = None
        told.append((name, str(value) if value is not None else None))
    return blake2b(repr(told).encode(), digest_size=10).hexdigest()


def seen(stored: Rows, view: CollectionView, feature_id: str) -> Frame:
    """Return a feature as the actor sees it; that it is read is told with what becomes of it."""
    query = Query(ids=(feature_id,), columns=view.names)
    return stored.frame(view.id, query, released=view.names)


def expect_state(
    store: Store, stored: Rows, view: CollectionView, feature_id: str, condition: Condition
) -> None:
    """Refuse a change unless its feature is there in the state that it is meant for.

    Raises
    ------
    NoFeatureError, PreconditionMissingError, ChangedMeanwhileError
        It is not there; no state is stated; it is in another one.
    """
    frame = seen(stored, view, feature_id)
    if not len(frame):
        raise _no_feature(view, feature_id)
    if not condition.tags and condition.since is None:
        raise PreconditionMissingError(
            "say which state of the feature the change is meant for",
            advice="Send If-Match with the ETag that the feature was read with.",
            feature=feature_id[:80],
        )
    if condition.tags:
        same = "*" in condition.tags or state_of(frame) in condition.tags
    else:
        same = _unmodified(store, stored.info, condition.since)
    if not same:
        raise ChangedMeanwhileError(
            "the feature was changed meanwhile",
            advice="Read it again, and decide anew; an ETag is more exact than a time.",
            feature=feature_id[:80],
        )


def _unmodified(store: Store, info: GenerationInfo, since: datetime | None) -> bool:
    """Tell whether a layer is as it was at a time, which HTTP tells in seconds."""
    second = info.imported_at.replace(microsecond=0)
    # Of two imports in one second nobody can say which one was read.
    alone = not any(
        other.number != info.number and other.imported_at.replace(microsecond=0) == second
        for other in store.generations(info.layer)
    )
    return alone and since is not None and second <= since


def _no_feature(view: CollectionView, feature_id: str) -> NoFeatureError:
    return NoFeatureError(
        f"{view.id} has no feature {feature_id[:80]!r}", collection=view.id, feature=feature_id[:80]
    )
