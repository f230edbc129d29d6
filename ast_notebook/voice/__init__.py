"""How voice sounds to people: the E-model of ITU-T G.107, and what each codec takes from it."""
