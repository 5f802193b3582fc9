"""Proof: safe XML, signatures, certificates. Imports nothing else of the gateway."""
