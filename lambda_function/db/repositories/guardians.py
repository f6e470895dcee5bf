"""Who acts for whom."""

from typing import Any

from sqlalchemy import ColumnElement, Date, bindparam, or_


def acting(row: Any) -> ColumnElement[bool]:
    """Returns the criterion for guardians whose time has not ended on the day `today`, a parameter."""
    return or_(row.ends_on.is_(None), row.ends_on > bindparam("today", type_=Date))
