"""REST: users, the audit trail, and what could not be delivered; for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from boneage.serve.store.audit import events
from boneage.serve.store.records import Role, User
from boneage.serve.web.access import Admin, AdminChange, TheSite
from boneage.serve.web.shapes import DeliveryShape, EventShape, NewUserShape, UserChangeShape, UserShape

api = APIRouter(prefix="/api/v1")
LARGEST = 2**31 - 1  # of a line's number


@api.get("/audit", tags=["audit"])
def audit(user: Admin, site: TheSite, after: Annotated[int, Query(ge=0, le=LARGEST)] = 0) -> list[EventShape]:
    """The audit trail from a line on, at most 500 lines."""
    return [EventShape.of(one) for one in events(site.engine, after=after)]


@api.get("/deliveries", tags=["deliveries"])
def undelivered(user: Admin, site: TheSite) -> list[DeliveryShape]:
    """What is still to be sent, and what was given up; the oldest first."""
    return [DeliveryShape.of(one) for one in site.outbox.undone()]


@api.post("/deliveries/{number}/try-again", status_code=204, tags=["deliveries"])
def try_again(number: Annotated[int, Path(ge=0, le=LARGEST)], user: AdminChange, site: TheSite) -> None:
    """A delivery that was given up, or that pauses, is tried now."""
    if not site.outbox.try_again(number, user.name):
        raise HTTPException(404, "no delivery of that number is to be sent")


@api.get("/users", tags=["users"])
def users(user: Admin, site: TheSite) -> list[UserShape]:
    """Everybody who may come in."""
    return [
        UserShape(name=one.name, display_name=one.display_name, role=one.role, active=one.active) for one in site.accounts.all()
    ]


@api.post("/users", status_code=201, tags=["users"])
def add_user(new: NewUserShape, user: AdminChange, site: TheSite) -> UserShape:
    """A new user."""
    site.accounts.add(new.user(), new.password, actor=user.name)
    return UserShape(**new.model_dump(exclude={"password"}))


@api.put("/users/{name:path}", tags=["users"])
def change_user(name: str, said: NewUserShape, user: AdminChange, site: TheSite) -> UserShape:
    """Name, role, whether active, and the password where one is given."""
    if name != said.name:
        raise HTTPException(422, "a user's name never changes")
    _keep_the_keys(name, user, said.role, said.active)
    site.accounts.change(said.user(), password=said.password, actor=user.name)
    return UserShape(**said.model_dump(exclude={"password"}))


@api.patch("/users/{name:path}", tags=["users"])
def alter_user(name: str, said: UserChangeShape, user: AdminChange, site: TheSite) -> UserShape:
    """What is given of name, role, whether active, and password; the rest stays. Open sessions of the user end."""
    _keep_the_keys(name, user, said.role, said.active)
    one = site.accounts.alter(name, **said.model_dump(), actor=user.name)
    return UserShape(name=one.name, display_name=one.display_name, role=one.role, active=one.active)


def _keep_the_keys(name: str, user: User, role: Role | None, active: bool | None) -> None:
    if name == user.name and (role not in (None, user.role) or active is False):
        raise HTTPException(422, "nobody takes the keys from themselves; ask another admin")
