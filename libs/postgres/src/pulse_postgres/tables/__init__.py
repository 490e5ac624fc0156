"""SQL of the tables that libraries own. A migration includes a file by the line `-- include <name>`."""
