"""The collector's engine: sources, buffer, delivery. Never imports Qt; runs headless and under a window alike."""
