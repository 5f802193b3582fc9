"""The service's own operations: fetching, confirming and asking for a state, and checking a document."""
