"""What SQLAlchemy makes of a statement, kept from one test to the next: each test has an engine of its own, and an engine
that has seen nothing yet spends more time on the wording of its statements than on sending them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine


class _CompiledOnce(dict[Any, Any]):
    """Compiled statements without the dialect that stands first in their key: all tests speak to one PostgreSQL."""

    def get(self, key: Any, default: Any = None) -> Any:
        """The compiled statement."""
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


def compile_once() -> None:
    """From now on every engine of this process shares what was compiled."""
    kept = _CompiledOnce()

    def use_it(connection: Connection) -> None:
        connection.execution_options(compiled_cache=kept)

    event.listen(Engine, "engine_connect", use_it)
