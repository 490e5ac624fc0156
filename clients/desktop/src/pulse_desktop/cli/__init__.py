"""The commands of `pulse-collector`: what each prints, and its exit code."""
