"""What needs Java, for Spark."""
