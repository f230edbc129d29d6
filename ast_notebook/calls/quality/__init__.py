"""How calls sounded: the reports of RTP, the E-model, and a frame of the voice of each leg."""
