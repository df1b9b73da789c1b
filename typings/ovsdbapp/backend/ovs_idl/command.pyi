from typing import Any

class BaseCommand:
    api: Any
    result: Any
    def __init__(self, api: Any) -> None: ...
    def run_idl(self, txn: Any) -> None: ...
