"""What agencies are told about persons and cases, and what they have to do with them."""
