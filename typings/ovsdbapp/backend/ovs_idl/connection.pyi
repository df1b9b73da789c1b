from collections.abc import Iterable
from threading import RLock
from typing import Any, Self

from ovs.db.idl import Idl

class OvsdbIdl(Idl):
    @classmethod
    def from_server(
        cls, connection_string: str, schema_name: str, *, helper_tables: Iterable[str] | None = ..., **kwargs: Any
    ) -> Self: ...
    def cond_change(self, table_name: str, cond: list[Any]) -> int: ...

class Connection:
    lock: RLock
    idl: OvsdbIdl
    def __init__(self, idl: OvsdbIdl, timeout: float) -> None: ...
    def stop(self, timeout: float | None = ...) -> bool: ...
