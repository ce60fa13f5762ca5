"""Tools that check the promises of the service: model checking, proof, recorded histories and fuzzing.

Nothing here imports from tests/; the tests import from here.
"""
