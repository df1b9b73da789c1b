"""Kind `user`: a person who acts in a tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Action, Area, Column, Kind, SpecModel
from pextra.declaration.markers import Filterable, ObjectName, OnDelete, Ref, Secret
from pextra.resources.subject import GroupNames


class OutsideIdentity(SpecModel):
    """Who a user is at an identity provider."""

    provider: Annotated[ObjectName, Ref("identity_provider", OnDelete.BLOCK)]
    """The provider, in the same tenant."""
    subject: Annotated[str, Field(min_length=1, max_length=255)]
    """What the provider knows the user by: `sub` of its tokens, or the directory's `subject_attribute` (what is no
    text, such as `objectGUID`, in hexadecimal). No two users have the same."""


class UserSpec(SpecModel):
    """What a user should be."""

    display_name: Annotated[str, Field(max_length=120)] = ""
    """The name that people see."""
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"), Filterable()] | None = None
    """Where to reach the user."""
    enabled: bool = True
    """Whether the user's tokens are accepted; switching it off takes effect at once."""
    groups: GroupNames = []
    """The groups that the user is a member of."""
    identity: OutsideIdentity | None = None
    """Who the user is at an identity provider, whose tokens then are the user's; the user of a directory logs in with
    the directory's password and no other. Whoever says so must hold what the user holds and what the provider's groups
    give."""


PasswordText = Annotated[str, Field(min_length=1, max_length=512), Secret()]
"""A password as it was typed; what it must be like is checked when one is set."""


class SetPasswordArguments(SpecModel):
    """What to set."""

    password: PasswordText | None = None
    """The new password: 12 to 128 characters of any kind, and none of those that are tried first."""
    current: PasswordText | None = None
    """The present one; users must give it to set their own."""
    generate: bool = False
    """Make a password up, show it once, and have it changed at the first login, within 7 days."""


class SetPasswordAnswer(SpecModel):
    """What setting a password shows once."""

    password: str | None = None
    """The password that was made up."""


USER = Kind(
    name="user",
    plural="users",
    description="A person who acts by tokens, or logs in with a password. What a user may do is said by role bindings "
    "and policies.",
    area=Area.IDENTITY,
    spec=UserSpec,
    actions=(
        Action(
            name="set_password",
            description="Set the password by which the user logs in; it ends the user's sessions.",
            arguments=SetPasswordArguments,
            mints=SetPasswordAnswer,
        ),
    ),
    columns=(Column(title="EMAIL", path="spec.email"), Column(title="ENABLED", path="spec.enabled")),
    example={
        "kind": "user",
        "metadata": {"name": "ada"},
        "spec": {"display_name": "Ada", "email": "ada@example.com"},
    },
)
