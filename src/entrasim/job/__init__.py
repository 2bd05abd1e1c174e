"""The provisioning job: what the service does with each object, in cycles and on demand."""
