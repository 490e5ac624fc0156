"""The collector's engine: sources, buffer and delivery. It never imports Qt."""
