from typing import Any, Final

ROW_CREATE: Final = "create"
ROW_UPDATE: Final = "update"
ROW_DELETE: Final = "delete"

class Idl:
    tables: dict[str, Any]
    _session: Any
    def __init__(self, remote: str, schema_helper: Any, **options: Any) -> None: ...
    def notify(self, event: str, row: Any, updates: Any = ...) -> None: ...
