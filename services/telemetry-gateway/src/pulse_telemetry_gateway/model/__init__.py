"""The gateway's rules, without I/O: what a batch is when stored, what is refused, ledger arithmetic, sampling."""
