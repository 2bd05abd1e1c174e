"""Okta's provisioning client as documented: import, user push, group push, in both kinds of integration."""
