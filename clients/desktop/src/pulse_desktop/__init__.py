"""The collector: it reads sensors, buffers readings on disk and delivers them over MQTT."""
