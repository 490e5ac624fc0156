"""The gateway's tables, one class per family; SQL stands here and nowhere else."""
