"""Heat: what buildings need, what heat pumps give and save, and what the ground can bear."""
