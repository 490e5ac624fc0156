"""What the gateway does, one module per thing: ingest, hello, live resume, history, upkeep."""
