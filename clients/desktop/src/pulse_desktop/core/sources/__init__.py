"""Where readings come from. Each source is a supervised task of its own."""
