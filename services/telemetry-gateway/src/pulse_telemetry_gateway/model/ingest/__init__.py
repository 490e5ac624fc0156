"""Batches from their JSON to screened arrivals, grouped for a commit."""
