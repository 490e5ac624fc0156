"""Rules of the service: pure functions that decide, without SQL, network and clock."""
