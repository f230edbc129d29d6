"""What needs nothing but Python and what pip installs, and takes its time: call logs, above all."""
