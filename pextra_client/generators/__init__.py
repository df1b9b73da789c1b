"""What is written from the answer of `GET /v1/kinds` for tools that are not this client."""
