"""SQL of the tables that several services have. A migration includes a file with the line `-- include <name>`."""
