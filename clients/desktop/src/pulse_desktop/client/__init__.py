"""How a window or another program talks to the engine of a collector. Without Qt."""
