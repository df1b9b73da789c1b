from contextlib import AbstractContextManager
from typing import Any

class Transaction:
    def add(self, command: Any) -> Any: ...

class API:
    def transaction(
        self, check_error: bool = ..., log_errors: bool = ..., nested: bool = ..., **kwargs: Any
    ) -> AbstractContextManager[Transaction]: ...
