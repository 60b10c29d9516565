"""The records: what PostgreSQL holds as the truth. The constraints carry the promises.

Free text that may hold personal data stands in `report` and in `answer` only. Instants of the county's life are
columns ending in `_at` in the county's time (`office.timekeeping`); leases and retries are machine time and say so.
"""

from office.tables.asking import AnswerRow as AnswerRow
from office.tables.asking import EscalationRound as EscalationRound
from office.tables.asking import Request as Request
from office.tables.asking import Rung as Rung
from office.tables.asking import UnresolvedList as UnresolvedList
from office.tables.base import Base as Base
from office.tables.cases import Appointment as Appointment
from office.tables.cases import CaseRow as CaseRow
from office.tables.cases import Child as Child
from office.tables.cases import Handover as Handover
from office.tables.cases import Proceeding as Proceeding
from office.tables.cases import Report as Report
from office.tables.county import CalendarState as CalendarState
from office.tables.county import CountyClock as CountyClock
from office.tables.county import Series as Series
from office.tables.log import Event as Event
from office.tables.log import LogSeal as LogSeal
from office.tables.people import Absence as Absence
from office.tables.people import AbsenceForm as AbsenceForm
from office.tables.people import Barred as Barred
from office.tables.people import Contact as Contact
from office.tables.people import PassedOn as PassedOn
from office.tables.post import ClockSeen as ClockSeen
from office.tables.post import Disclosure as Disclosure
from office.tables.post import Letter as Letter
from office.tables.post import Link as Link
from office.tables.post import PostSeen as PostSeen
from office.tables.post import Sending as Sending
from office.tables.returned import AddressMark as AddressMark
from office.tables.returned import ReturnedMail as ReturnedMail
