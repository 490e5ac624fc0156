-- As for backoff in 0007: the sweep alone asked by it. By itself, so that nobody waits for locks on both tables at once.
DROP INDEX session_ends;
