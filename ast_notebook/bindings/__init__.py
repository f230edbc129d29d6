"""What a user ties to a PBX: items and logics, their conf files, and the threads they run on."""
