"""SQL of the schema `sync`, one class per table family."""
