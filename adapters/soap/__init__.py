"""The SOAP door: contract, dispatch by spyne, and the guard around it."""
