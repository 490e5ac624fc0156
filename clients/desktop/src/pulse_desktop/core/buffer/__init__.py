"""The buffer: gives readings their sequence numbers, keeps them until they are settled, recovers from a failing
disk."""
