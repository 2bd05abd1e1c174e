"""SAML 2.0 for a service provider, as pure functions: text in, values or text out. No input or output, no clock.

Signatures are made and verified by signxml; keys, padding and ciphers are those of cryptography. What is read of an
answer is read of the bytes that the library returns as verified, and of nothing else.
"""
