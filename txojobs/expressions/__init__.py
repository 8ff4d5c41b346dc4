"""JMESPath with exact decimals."""
