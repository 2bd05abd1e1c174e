"""A local stand-in for the provisioning service of Microsoft Entra ID.

It keeps a small directory, decides who is assigned to the application, and speaks to any SCIM 2.0 endpoint the
way Entra does. It talks HTTP only and never imports the server that it exercises.
"""
