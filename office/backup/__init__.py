"""Backup and restore: the records, what Prefect shows of them, and the county's own files, in one archive.

`archive` is the file, `contents` says what a database holds, `programs` is the door to pg_dump and pg_restore, `making`
and `restoring` are the two ways. The key of the links is never in the archive: whoever has both opens every link.
"""

from office.backup.archive import BackupFault as BackupFault
from office.backup.making import Made as Made
from office.backup.making import make as make
from office.backup.restoring import Restored as Restored
from office.backup.restoring import restore as restore
