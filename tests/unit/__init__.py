"""What needs nothing but Python and what pip installs, and takes a moment."""
