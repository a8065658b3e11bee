"""Returns made fit for the model."""
