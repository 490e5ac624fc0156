"""The commands of `pulse-collector`: their output and their exit codes."""
