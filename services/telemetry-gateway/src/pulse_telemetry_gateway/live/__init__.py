"""The live view for browsers: fan-out over Socket.IO, exact resume, and slow clients that cost nobody else."""
