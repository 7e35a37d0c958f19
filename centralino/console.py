"""What tables are printed on."""

from __future__ import annotations

import sys

from rich.console import Console

# A table read by a program, or in a file, is not folded.
console = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
