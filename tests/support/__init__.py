"""What tests share: stand-ins, made-up events, and how to wait."""
