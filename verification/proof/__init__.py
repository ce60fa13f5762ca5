"""An inductive proof, a linearizability checker, and seeded defects for both and for the model."""
