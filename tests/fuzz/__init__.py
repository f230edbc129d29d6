"""Any bytes at all, given to whatever reads what others wrote."""
