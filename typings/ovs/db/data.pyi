from collections.abc import Callable
from typing import Any

class Datum:
    @staticmethod
    def from_python(type_: Any, value: Any, row_to_uuid: Callable[[Any], Any]) -> Datum: ...
