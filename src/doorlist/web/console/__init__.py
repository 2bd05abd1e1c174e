"""The console: pages for the operator, for administrators and for members. Handlers are thin: a verb and a template."""
