"""JSON of plain devices: which values can be stored."""
