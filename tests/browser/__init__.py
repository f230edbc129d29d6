"""What needs Chromium."""
