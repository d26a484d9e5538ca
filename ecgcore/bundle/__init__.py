"""The bundle: a checked folder of weights and facts (contract 2)."""
