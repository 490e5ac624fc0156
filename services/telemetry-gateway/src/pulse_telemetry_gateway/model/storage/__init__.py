"""How readings are stored: batches as columns, chunks and roll-ups."""
