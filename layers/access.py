"""Who may read what: roles as data, refused unless written, purposes demanded for secrets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from layers.errors import AccessError
from layers.spec import Access, CollectionSpec, Title
from layers.toml_file import read_toml

BUILT_IN = Path(__file__).resolve().parent / "roles.toml"
_OPENNESS = tuple(Access)  # from the most open to the most secret class


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a role, why (a purpose with its reference), and who that is.

    The role comes from the account, never from the request; the purpose is stated with
    each request that touches personal data or tax secrets.
    """

    role: str = "citizen"
    purpose: str = ""
    name: str = ""


CITIZEN = Actor()


class Role(BaseModel):
    """One role: which classes it reads where, what it edits, whether it reads the access log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Title
    reads: dict[str, frozenset[Access]]
    edits: frozenset[str] = frozenset()
    audits: bool = False


class _RolesFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[str, Role]


@dataclass(frozen=True)
class Policy:
    """The roles and the one rule by which they are applied."""

    roles: Mapping[str, Role]

    def role(self, actor: Actor) -> Role:
        """Return the actor's role.

        Raises
        ------
        AccessError
            No such role is known.
        """
        try:
            return self.roles[actor.role]
        except KeyError:
            raise AccessError(
                f"no role is called {actor.role!r}",
                advice=f"Known roles: {', '.join(sorted(self.roles))}.",
                role=actor.role,
            ) from None

    def entitled(
        self, actor: Actor, layer_id: str, access: Access, collection_id: str = ""
    ) -> bool:
        """Whether the actor's role may read that class there at all, purpose or not."""
        reads = self.role(actor).reads
        for key in (f"{layer_id}.{collection_id}", layer_id, "*"):
            if key in reads:
                return access in reads[key]
        return False

    def may_edit(self, actor: Actor, layer_id: str, collection_id: str) -> bool:
        """Whether the actor's role may change features of a collection."""
        return bool(self.role(actor).edits & {layer_id, f"{layer_id}.{collection_id}"})

    def allowed(self, actor: Actor, layer_id: str, access: Access, collection_id: str = "") -> bool:
        """Whether the actor may read that class there now: with a purpose where one is needed."""
        if access.sealed and not actor.purpose.strip():
            return False
        return self.entitled(actor, layer_id, access, collection_id)


def load_policy(files: Iterable[Path] = ()) -> Policy:
    """Read the built-in roles and then the given files, whose roles replace those of the same name.

    Raises
    ------
    AccessError
        A file cannot be read or names a class that does not exist.
    """
    roles: dict[str, Role] = {}
    advice = f"The classes are {', '.join(Access)}."
    for path in (BUILT_IN, *files):
        roles |= read_toml(path, _RolesFile, AccessError, advice=advice).roles
    return Policy(MappingProxyType(roles))


def unmapped_access(spec: CollectionSpec) -> Access:
    """Return the class of what no field of the collection takes.

    Nobody knows what is in it, so it is as secret as the most secret field, and personal at
    least.
    """
    stated = (spec.access, *(f.access for f in spec.fields))
    return max((Access.PERSONAL, *stated), key=_OPENNESS.index)


def link_access(spec: CollectionSpec) -> Access:
    """Return the class of the collection's parcel links.

    A link tells which parcel a row belongs to; where a field of the row states that, the
    link is as secret as the field. Links of a sealed class are stored in the sealed file.
    """
    stated = [name for name in (spec.relation.key, spec.relation.address) if name]
    return max([spec.access, *(spec.field(n).access for n in stated)], key=_OPENNESS.index)
