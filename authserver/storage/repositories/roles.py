"""Queries over roles and who has them."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from authserver.storage.compiled import Compiled
from authserver.storage.models.users import Role, User, UserRole
from authserver.storage.repositories.rows import Repository

_NAMES = Compiled(
    select(Role.name).join(UserRole, UserRole.role_id == Role.id).where(UserRole.user_id == bindparam("wanted"))
)


class Roles(Repository):
    """Roles by name, and the names a person holds."""

    def find(self, name: str) -> Role | None:
        """The role outside organizations with this name."""
        return self.session.scalar(select(Role).where(Role.name == name, Role.organization_id.is_(None)))

    def ensure(self, name: str, description: str = "", *, is_system: bool = False) -> Role:
        """The role with this name, made if it was not there."""
        role = self.find(name)
        if role is None:
            role = Role(name=name, description=description, is_system=is_system)
            self.session.add(role)
            self.session.flush()
        return role

    def assign(self, user_id: str, role: Role) -> None:
        """Give a person a role; giving it twice changes nothing."""
        if self.session.get(UserRole, (user_id, role.id)) is None:
            self.session.add(UserRole(user_id=user_id, role_id=role.id))
            self.session.flush()

    def withdraw(self, user_id: str, name: str) -> bool:
        """Take the role outside organizations with this name from a person; whether the person had it."""
        wanted = select(Role.id).where(Role.name == name, Role.organization_id.is_(None)).scalar_subquery()
        return self._changed(delete(UserRole).where(UserRole.user_id == user_id, UserRole.role_id == wanted)) == 1

    def has_holder(self, name: str) -> bool:
        """Whether anybody has the role outside organizations with this name."""
        role = self.find(name)
        if role is None:
            return False
        return self.session.scalar(select(UserRole.user_id).where(UserRole.role_id == role.id).limit(1)) is not None

    def holders_of(self, name: str) -> list[User]:
        """Everybody who has the role outside organizations with this name, oldest first."""
        statement = select(User).join(UserRole, UserRole.user_id == User.id).join(Role, Role.id == UserRole.role_id)
        named = (Role.name == name) & Role.organization_id.is_(None)
        return list(self.session.scalars(statement.where(named).order_by(User.id)))

    def names_of(self, user_id: str) -> list[str]:
        """The names of a person's roles, in order."""
        return sorted(name for (name,) in _NAMES.all(self.transaction, wanted=user_id))
