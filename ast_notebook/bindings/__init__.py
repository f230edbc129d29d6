"""Items and logics, and the bindings between them and a PBX."""
