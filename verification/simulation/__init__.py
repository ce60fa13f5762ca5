"""A simulated DynamoDB table, and a model checker that runs the real store on it."""
