"""How mutants are tested: `make mutants`. Nothing here belongs to the ordinary tests."""
