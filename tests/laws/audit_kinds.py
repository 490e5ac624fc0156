"""Finds the kinds of audit entries in the source code: the first argument of every `AuditEntry(…)`. When it is a
parameter of a function, the calls of that function are followed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import get_args

from pulse_auth.model import collectors
from pulse_contracts import mirror
from pulse_telemetry_gateway.model import saved_objects
from pulse_users.model import links

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_INSERTED = {
    "entry.kind": get_args(mirror.AuditKind),
    "kind": get_args(links.LinkKind),
    "self._kind": get_args(saved_objects.Kind),
    "state": get_args(collectors.CollectorState),
}
"""The values of the expressions in f-strings that make kinds."""
_UNRELATED = ("_store.end", "_losses.record")
"""Methods that write no audit entry, and have the name of one that does."""


class UnknownKind(AssertionError):
    """The code computes a kind in a way that this module does not follow."""


@dataclass(frozen=True)
class _Call:
    """A call in a file, inside a function (None: at the top of the module)."""

    node: ast.Call
    function: _Function | None
    file: "_File"


class _File:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._tree = ast.parse(path.read_text())

    @cached_property
    def calls(self) -> list[_Call]:
        return list(self._within(self._tree, None))

    def constant(self, name: str) -> ast.expr | None:
        """The value of a constant of the module."""
        for node in self._tree.body:
            if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
                return node.value
        return None

    def _within(self, node: ast.AST, function: _Function | None) -> Iterator[_Call]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield _Call(child, function, self)
            inside = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            yield from self._within(child, inside)


class KindFinder:
    """Follows kinds through the files of one member."""

    def __init__(self, source: Path) -> None:
        self._files = [_File(path) for path in sorted(source.rglob("*.py"))]
        self._followed: set[tuple[Path, str, str]] = set()

    def kinds(self) -> set[str]:
        """The kinds of all entries. Raises UnknownKind."""
        calls = [call for file in self._files for call in file.calls if _name(call.node) == "AuditEntry"]
        return {kind for call in calls for kind in self._argument(call, 0, "kind")}

    def _argument(self, call: _Call, position: int, name: str) -> set[str]:
        """The values of an argument; none when the call has no such argument."""
        named = [keyword.value for keyword in call.node.keywords if keyword.arg == name]
        if named:
            return self._values(named[0], call)
        plain = call.node.args
        return self._values(plain[position], call) if position < len(plain) else set()

    def _values(self, node: ast.expr, call: _Call) -> set[str]:
        match node:
            case ast.Constant(value=str(kind)):
                return {kind}
            case ast.IfExp(body=body, orelse=other):
                return self._values(body, call) | self._values(other, call)
            case ast.JoinedStr(values=parts):
                return {"".join(texts) for texts in product(*(self._inserted(part) for part in parts))}
            case ast.Name(id=name):
                return self._named(name, call)
        place = f"{call.file.path}:{node.lineno}"
        raise UnknownKind(f"{place}: cannot follow the audit kind {ast.unparse(node)!r}. Pass a text or a parameter.")

    def _inserted(self, part: ast.expr) -> tuple[str, ...]:
        """The texts that a part of an f-string can be."""
        match part:
            case ast.Constant(value=str(text)):
                return (text,)
            case ast.FormattedValue(value=value) if ast.unparse(value) in _INSERTED:
                return _INSERTED[ast.unparse(value)]
        raise UnknownKind(f"cannot follow {ast.unparse(part)!r} in the f-string of an audit kind. Add it to _INSERTED.")

    def _named(self, name: str, call: _Call) -> set[str]:
        if call.function is not None:
            arguments = call.function.args
            positional = [one.arg for one in arguments.posonlyargs + arguments.args]
            if name in positional or name in [one.arg for one in arguments.kwonlyargs]:
                return self._passed(call.function, name, positional, call.file)
            assigned = [
                node.value
                for node in ast.walk(call.function)
                if isinstance(node, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
            ]
            if assigned:
                return {kind for value in assigned for kind in self._values(value, call)}
        value = call.file.constant(name)
        if value is None:
            raise UnknownKind(f"{call.file.path}: cannot follow the audit kind {name!r}.")
        return self._values(value, call)

    def _passed(self, function: _Function, name: str, positional: list[str], file: _File) -> set[str]:
        """What the callers of `function` pass for its parameter. A private function is called in its own file only."""
        key = file.path, function.name, name
        if key in self._followed:
            return set()
        self._followed.add(key)
        is_method = positional[:1] == ["self"]
        position = positional.index(name) - is_method if name in positional else len(positional)
        files = [file] if function.name.startswith("_") else self._files
        calls = [
            call
            for one in files
            for call in one.calls
            if _name(call.node) == function.name and not ast.unparse(call.node.func).endswith(_UNRELATED)
        ]
        return {kind for call in calls for kind in self._argument(call, position, name)}


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
