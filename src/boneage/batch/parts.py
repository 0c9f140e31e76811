"""A Parquet data set: a folder of parts, each whole or not there. Rows wait in a journal until they fill one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boneage.batch.rows import Row, Type
from boneage.extras import load

ROWS = 5000  # of a part
_JOURNAL = "_journal.jsonl"  # readers of data sets pass over names that begin with an underscore


class Parts:
    """part-000000.parquet and so on, in the order of the rows."""

    def __init__(self, path: Path, columns: Mapping[str, Type], *, rows: int = ROWS) -> None:
        self._path, self._most, self._parquet = path, rows, load("pyarrow.parquet", "batch")
        path.mkdir(parents=True, exist_ok=True)
        self._schema = schema(columns)
        self._parts = len(self._files())
        made = (self._parquet.read_table(file, columns=["file"])["file"] for file in self._files())
        self.done = {name for names in made for name in names.to_pylist()}
        self._waiting = [row for row in self._journaled() if row["file"] not in self.done]  # a part may just have been made
        self.done |= {str(row["file"]) for row in self._waiting}
        self._write_journal()

    def add(self, row: Row) -> None:
        self._journal.write(json.dumps(dict(row)).encode() + b"\n")
        self._waiting.append(dict(row))
        self.done.add(str(row["file"]))
        if len(self._waiting) >= self._most:
            self._write_part()

    def close(self) -> None:
        """The last part may be a small one."""
        if self._waiting:
            self._write_part()
        self._journal.close()
        (self._path / _JOURNAL).unlink()

    def _files(self) -> list[Path]:
        return sorted(self._path.glob("part-*.parquet"))

    def _journaled(self) -> list[dict[str, Any]]:
        """Its whole lines."""
        file = self._path / _JOURNAL
        data = file.read_bytes() if file.is_file() else b""
        return [json.loads(line) for line in data.splitlines(keepends=True) if line.endswith(b"\n")]

    def _write_part(self) -> None:
        table = load("pyarrow", "batch").Table.from_pylist(self._waiting, schema=self._schema)
        beside = self._path / "_part"
        self._parquet.write_table(table, beside)
        beside.replace(self._path / f"part-{self._parts:06d}.parquet")
        self._parts, self._waiting = self._parts + 1, []
        self._journal.close()
        self._write_journal()

    def _write_journal(self) -> None:
        """With the rows that wait alone."""
        beside = self._path / "_journal.part"
        beside.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in self._waiting))
        beside.replace(self._path / _JOURNAL)
        self._journal = (self._path / _JOURNAL).open("ab", buffering=0)


def schema(columns: Mapping[str, Type]) -> Any:
    arrow = load("pyarrow", "batch")
    kinds = {Type.TEXT: arrow.string(), Type.NUMBER: arrow.float64()}
    return arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
