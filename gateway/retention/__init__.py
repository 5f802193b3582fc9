"""How long personal data are kept (§ 8 IntV), and what becomes of them then."""
