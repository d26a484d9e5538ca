"""The store when it is raced, killed and filled."""
