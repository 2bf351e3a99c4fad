"""What an actor may see of what there is, and the log of what it read."""

from collections.abc import Iterable

from gis_core.store import HISTORY, MERGE, GenerationInfo, Generations, Rows, TileCache
from layers.access import Actor, Policy
from layers.audit import AuditLog, Reading
from layers.errors import AccessError, NotMergedError, UnknownCollectionError
from layers.municipality import Municipality
from layers.query import Query
from layers.registry import Registry
from layers.spec import Access
from layers.view import CollectionView, no_collection, see

MERGE_ADVICE = "Run: flurbuch merge"


class Door:
    """Decides what an actor may see; those who answer are made of it."""

    def __init__(
        self,
        *,
        store: Generations,
        registry: Registry,
        municipality: Municipality,
        policy: Policy,
        audit: AuditLog,
        deadline_s: float | None = None,
        tiles: TileCache | None = None,
    ) -> None:
        self.registry = registry
        self.municipality = municipality
        self.policy = policy
        self._store = store
        self._audit = audit
        self._deadline_s = deadline_s
        self._tiles = tiles or TileCache()

    def close(self) -> None:
        """Close the files."""
        self._store.close()
        self._audit.close()
        self._tiles.close()

    def state(self) -> dict[str, GenerationInfo]:
        """Return the served import of every layer that has one: for operators, not the public."""
        served = self._store.served()
        return {layer: info for layer, info in served.items() if layer not in {MERGE, HISTORY}}

    def merged(self) -> GenerationInfo | None:
        """Return the served merge; its ``inputs`` say which imports it was made from."""
        return self._store.served().get(MERGE)

    def stale_links(self) -> tuple[str, ...]:
        """Name the layers that were imported after the links were made, or never linked."""
        merged = self.merged()
        made_from = merged.inputs if merged else {}
        return tuple(
            layer for layer, info in self.state().items() if made_from.get(layer) != info.number
        )

    def collections(self, actor: Actor) -> tuple[CollectionView, ...]:
        """Return the collections that the actor may read now, with its purpose as stated."""
        views = []
        for _, spec in self.registry.collections():
            try:
                views.append(self.view(actor, spec.id))
            except (UnknownCollectionError, AccessError):
                self.policy.role(actor)  # an unknown role is an error, not an empty list
        return tuple(views)

    def view(
        self,
        actor: Actor,
        collection: str,
        *,
        as_merged: bool = False,
        number: int | None = None,
    ) -> CollectionView:
        """Return what the actor may see of a collection.

        Parameters
        ----------
        as_merged
            Of the import that the links were made from, rather than of the served one.
        number
            Of the import with that number, which is unknown when it is no longer kept.

        Raises
        ------
        UnknownCollectionError
            No such collection, nothing imported, or the actor may not know of it: alike.
        AccessError
            The role is unknown, or it may read the collection but has stated no purpose.
        NotMergedError
            ``as_merged``, and nothing was merged.
        """
        self.policy.role(actor)
        try:
            layer, spec = self.registry.collection(collection)
        except UnknownCollectionError:
            raise no_collection(collection) from None
        info = self._generation(layer.id, as_merged=as_merged, number=number)
        return see(self.policy, actor, layer, spec, info)

    def parcels(self, actor: Actor) -> CollectionView:
        """Return the collection of parcels that has data."""
        for _, spec in self.registry.parcels():
            try:
                return self.view(actor, spec.id)
            except UnknownCollectionError:
                continue
        raise UnknownCollectionError(
            "no parcels are imported", advice="Run: flurbuch ingest alkis FILE..."
        )

    # -- for those who answer ------------------------------------------------------------

    def _generation(
        self, layer_id: str, *, as_merged: bool = False, number: int | None = None
    ) -> GenerationInfo | None:
        if as_merged:
            merged = self.merged()
            number = merged.inputs.get(layer_id) if merged else None
            if number is None:
                raise NotMergedError(f"layer {layer_id} was never merged", advice=MERGE_ADVICE)
        served = self._store.served().get(layer_id)
        if number is None or (served is not None and served.number == number):
            return served
        kept = self._store.generations(layer_id)
        found = next((info for info in kept if info.number == number), None)
        if found is None and as_merged:
            raise NotMergedError(
                f"the import of {layer_id} that was merged is no longer kept", advice=MERGE_ADVICE
            )
        return found

    def _merge_at(self, number: int | None) -> GenerationInfo | None:
        """Return the merge of that number, None when it is no longer kept; None: the served one."""
        merged = self.merged()
        if merged is None or number in {None, merged.number}:
            return merged
        return next((m for m in self._store.generations(MERGE) if m.number == number), None)

    def _rows(self, view: CollectionView) -> Rows:
        return self._store.open_generation(view.generation, deadline_s=self._deadline_s)

    def _log(
        self,
        actor: Actor,
        action: str,
        view: CollectionView,
        query: Query,
        ids: Iterable[str],
        *,
        classes: frozenset[Access],
        count: int | None = None,
        during: object = None,
    ) -> None:
        """Log a read that touches a secret; without the log there is no answer."""
        if not classes:
            return
        listed = [str(i) for i in ids]
        reading = Reading(
            action=action,
            layer=view.layer.id,
            collection=view.id,
            classes=classes,
            question=repr(query) if during is None else f"{query!r}, {during!r}",
            ids=listed,
            count=len(listed) if count is None else count,
        )
        self._audit.record(actor, reading)
