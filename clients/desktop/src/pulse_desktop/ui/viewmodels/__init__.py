"""What the pages show, as pure functions and values: no Qt, no I/O. Callers pass the time and the translation."""
