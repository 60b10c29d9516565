"""The door to the mail server. A letter is taken, refused for good, or tried again; nobody guesses.

`line` is one connection, `pool` keeps several, `faults` is what may become of a letter.
"""

from office.mailer.faults import FinalFault as FinalFault
from office.mailer.faults import TemporaryFault as TemporaryFault
from office.mailer.faults import UncertainFault as UncertainFault
from office.mailer.line import check as check
from office.mailer.pool import Mailer as Mailer
from office.mailer.pool import SmtpMailer as SmtpMailer
