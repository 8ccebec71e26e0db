"""The service: what programs and pages speak to, over the verbs of gridmap.operations."""
