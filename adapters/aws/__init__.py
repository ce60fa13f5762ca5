"""AWS: error classification and the retry policy."""
