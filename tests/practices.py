"""What practices are made with in tests: the service's own calendar, and a key for erased codes."""

from __future__ import annotations

from dialplan.calendar import Calendar
from ticket_core.code_book import CodeBook
from ticket_core.terms import Counting

COUNTING = Counting(Calendar().is_working_day)
CODES = CodeBook(b"a key for tests alone")
