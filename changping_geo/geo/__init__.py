"""Metric geometry: assignment to towns, sums that add up."""
