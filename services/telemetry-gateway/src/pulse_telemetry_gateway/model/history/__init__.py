"""Reading back: levels, calendar buckets, samples, cursors and export formats."""
