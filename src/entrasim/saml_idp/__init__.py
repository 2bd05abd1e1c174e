"""The stand-in's SAML 2.0 identity provider: what it publishes, understands, says and gets wrong on purpose."""
