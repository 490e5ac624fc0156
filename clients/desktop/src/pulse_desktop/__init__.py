"""The collector: sources, buffer, replay."""
