"""What a user binds to a PBX: items and logics, and how they are bound."""
