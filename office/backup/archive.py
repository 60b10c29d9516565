"""The archive: one tar file, mode 600, whose first member says what every other must be.

`manifest.json`, `records.dump` and `prefect.dump` (PostgreSQL's custom format), `county/<name>.yaml`. A draft becomes the
archive only when it has been read back; no archive is ever written over.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from office.data_folder import new_private_file

FORMAT = 1
MANIFEST = "manifest.json"
RECORDS = "records"
PREFECT = "prefect"
KEYS_SUFFIX = ".keys"
_MEMBER = re.compile(r"(records|prefect)\.dump|county/[\w.-]+\.ya?ml")
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 10_000_000


class BackupFault(Exception):  # noqa: N818 - what the reader sees is a fault, and is called so
    """A backup cannot be made, read or restored: one Chinese sentence that says what to do."""


class TableContents(BaseModel):
    """How many rows a table holds, and a sum over the digests of all of them that does not depend on their order."""

    model_config = ConfigDict(frozen=True)

    rows: int
    digest: str


class Manifest(BaseModel):
    """What an archive holds.

    `databases` gives the contents of each table at the instant of the cut, `files` the SHA-256 of each member, `key` the
    fingerprint of the key that the links in letters were made with, `revision` the version of the tables.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    made_at: datetime
    version: str
    revision: str
    county: str
    key: str
    databases: dict[str, dict[str, TableContents]]
    files: dict[str, str]

    @property
    def rows(self) -> int:
        """Rows of all tables of all databases."""
        return sum(table.rows for tables in self.databases.values() for table in tables.values())


def fingerprint(key: str) -> str:
    """By which a key is known again; it says nothing of the key, which is 256 random bits."""
    return hashlib.sha256(b"jieli backup key\0" + key.encode()).hexdigest()[:32]


def name_at(at: datetime) -> str:
    """The name of an archive made at that instant."""
    return f"jieli-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def write_private(path: Path, content: bytes) -> None:
    """A new file that only we can read, kept on the disk before we go on. Raises FileExistsError."""
    with new_private_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def pack(draft: Path, manifest: Manifest, members: Mapping[str, Path]) -> None:
    """Write manifest and members into a new file at `draft`."""
    with new_private_file(draft) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        told = manifest.model_dump_json(indent=1).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mode = len(told), 0o600
        tar.addfile(head, io.BytesIO(told))
        for name, path in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o600
            with path.open("rb") as content:
                tar.addfile(info, content)
        tar.close()
        file.flush()
        os.fsync(file.fileno())


def unpack(archive: Path, folder: Path) -> Manifest:
    """Read an archive whole into `folder`, and check every member against the manifest.

    Raises:
        BackupFault: it cannot be read, is no archive of ours, is damaged or cut short, or is of a later format.
    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            head = tar.next()
            manifest = _manifest(tar, head, archive)
            found = {}
            while (info := tar.next()) is not None:
                if not _MEMBER.fullmatch(info.name) or not info.isfile() or info.name in found:
                    raise BackupFault(f"{archive} 里有不认识的内容“{info.name}”，不是接力制作的备份，没有恢复。")
                path = folder / info.name
                path.parent.mkdir(mode=0o700, exist_ok=True)
                content = tar.extractfile(info)
                found[info.name] = "" if content is None else _copied(content, path)
    except FileNotFoundError:
        raise BackupFault(f"找不到备份文件 {archive}；请检查路径。") from None
    except OSError as fault:
        raise BackupFault(f"读不了备份文件 {archive}：{fault.strerror or type(fault).__name__}。") from fault
    except (tarfile.TarError, EOFError) as fault:
        raise BackupFault(f"{archive} 不是完整的备份文件（可能没有复制完）；请换一份备份。") from fault
    wrong = sorted(name for name in found.keys() | manifest.files.keys() if found.get(name) != manifest.files.get(name))
    if wrong:
        raise BackupFault(f"{archive} 已损坏：{'、'.join(wrong)}与制作备份时不同；请换一份备份。")
    return manifest


def _manifest(tar: tarfile.TarFile, head: tarfile.TarInfo | None, archive: Path) -> Manifest:
    content = None
    if head is not None and head.name == MANIFEST and head.isfile() and head.size <= _LARGEST_MANIFEST:
        content = tar.extractfile(head)
    try:
        told = json.loads(b"" if content is None else content.read())
        if told.get("format") != FORMAT:
            raise BackupFault(f"{archive} 的格式（{told.get('format')}）这一版接力读不了；请用制作它的版本恢复。")
        return Manifest.model_validate(told)
    except (ValueError, AttributeError, ValidationError):
        raise BackupFault(f"{archive} 不是接力制作的备份；请选 jieli backup 写出的 .tar 文件。") from None


def _copied(content: IO[bytes], path: Path) -> str:
    """Copy a member to a new file; gives its SHA-256."""
    seen = hashlib.sha256()
    with new_private_file(path) as file:
        while chunk := content.read(_CHUNK):
            seen.update(chunk)
            file.write(chunk)
    return seen.hexdigest()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
