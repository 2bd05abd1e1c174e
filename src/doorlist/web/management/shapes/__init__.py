"""What the management API says and understands: one model for each resource, and nowhere else."""
