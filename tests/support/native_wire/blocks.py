"""Native blocks: cut into columns, put together again for the other side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.support.native_wire.columns import skip_column
from tests.support.native_wire.primitives import Reader, string, varint


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    body: bytes = b""


@dataclass(frozen=True)
class Block:
    """Columns of a number of rows; without columns it marks the end of a stream."""

    rows: int = 0
    columns: list[Column] = field(default_factory=list)

    @classmethod
    def of(cls, names_and_types: list[tuple[str, str]]) -> Block:
        """Names and types, no rows."""
        return cls(0, [Column(name, type_) for name, type_ in names_and_types])

    def header(self) -> Block:
        return Block.of([(column.name, column.type) for column in self.columns])

    @property
    def types(self) -> list[str]:
        return [column.type for column in self.columns]

    def with_types(self, types: list[str]) -> Block:
        columns = [replace(column, type=type_) for column, type_ in zip(self.columns, types, strict=True)]
        return replace(self, columns=columns)


def read_block(reader: Reader, *, flags: bool) -> Block:
    """One block. `flags`: each column carries a byte for its serialization, as from revision 54454 on."""
    width, rows = reader.varint(), reader.varint()
    columns = []
    for _ in range(width):
        name, type_ = reader.string(), reader.string()
        if flags and reader.uint(1):
            raise ValueError(f"The column {name} comes in a sparse serialization, which the test wire does not read")
        start = reader.pos
        skip_column(reader, type_, rows)
        columns.append(Column(name, type_, reader.since(start)))
    return Block(rows, columns)


def read_blocks(data: bytes) -> Iterator[Block]:
    """The blocks that the engine's format Native wrote one after the other."""
    reader = Reader.of(data)
    while reader.buffered:
        yield read_block(reader, flags=False)


def write_block(block: Block, *, flags: bool) -> bytes:
    parts = [varint(len(block.columns)), varint(block.rows)]
    for column in block.columns:
        parts += [string(column.name), string(column.type), b"\0" if flags else b"", column.body]
    return b"".join(parts)
