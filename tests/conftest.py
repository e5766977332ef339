"""What every test may rely on."""

from __future__ import annotations

import signal

# A shell's background job ignores Ctrl-C, and so does all it starts; tests press it as in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
