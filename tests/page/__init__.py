"""What needs Node.js: the source of the panel's page, and its own tests."""
