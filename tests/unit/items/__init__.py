"""Items of a house, alone and tied to a PBX."""
