"""Archives: what is written, read back, damaged, and recorded twice."""
