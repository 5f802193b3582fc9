"""The decision table and the terms of rights as data, and the engine that applies them."""
