"""What the code, its types, its packages and its documents are held to."""
