"""The DynamoDB store: the table schema, the store and its administration."""
