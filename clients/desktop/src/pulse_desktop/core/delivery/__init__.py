"""Delivery over MQTT: a state machine without I/O (`replay`) and its driver (`link`)."""
