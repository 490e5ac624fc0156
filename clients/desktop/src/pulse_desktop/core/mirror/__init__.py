"""The credential mirror of this collector (protocol B): accounts that may sign in here while the network is down."""
