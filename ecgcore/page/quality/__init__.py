"""The gate: whether a picture shows an ECG, and whether it shows it well enough."""
